import { createPublicKey, type KeyObject } from 'node:crypto';
import type { RsaJwk } from './json-web-key.ts';

/** A public key of the issuer, opened once for all its tokens. */
export type VerificationKey = {
  readonly kid: string;
  readonly modulus: string;
  readonly exponent: string;
  readonly modulusBytes: number;
  readonly publicKey: KeyObject;
  /** False once a newer key set lacks the key. */
  current: boolean;
};

export function createVerificationKey({ kid, n, e, modulusBytes }: RsaJwk): VerificationKey {
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  return { kid, modulus: n, exponent: e, modulusBytes, publicKey, current: true };
}
