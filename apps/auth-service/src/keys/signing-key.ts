import { createHash, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk } from '../database/schema.ts';

/** ASVS 5.0 11.2.3 requires at least 2048. More would make signing four times slower, for five-minute tokens. */
export const modulusBits = 2048;

export type NewSigningKey = {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  /** PKCS #8, DER. */
  readonly privateKeyDer: Buffer;
};

const generate = promisify(generateKeyPair);

/** Makes an RSA key pair for RS256. Takes a few hundred milliseconds, in libuv's pool. */
export async function generateSigningKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: modulusBits,
    publicExponent: 0x1_00_01,
  });
  const publicJwk = publicJwkOf(publicKey);
  return {
    kid: publicJwk.kid,
    publicJwk,
    privateKeyDer: privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}

export function publicJwkOf(publicKey: KeyObject): PublicJwk {
  const { n, e } = publicKey.export({ format: 'jwk' });
  if (publicKey.asymmetricKeyType !== 'rsa' || n === undefined || e === undefined) {
    throw new TypeError('A signing key is an RSA key.');
  }
  return { kty: 'RSA', n, e, kid: thumbprintOf({ n, e }), use: 'sig', alg: 'RS256' };
}

/** Reads what generateSigningKey made. */
export function privateKeyFrom(privateKeyDer: Buffer): KeyObject {
  return createPrivateKey({ key: privateKeyDer, format: 'der', type: 'pkcs8' });
}

/** RFC 7638 §3: SHA-256 over the required members, in alphabetical order, without space. */
export function thumbprintOf({ n, e }: { n: string; e: string }): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}
