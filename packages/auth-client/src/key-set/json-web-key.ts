import { isKeyId } from '../token/key-id.ts';
import { isFactorable } from './factorable.ts';
import { readRsaNumbers } from './rsa-numbers.ts';

/** An RSA public key of a JWK Set (RFC 7517), after the checks of readJwk. */
export type RsaJwk = {
  kid: string;
  /** base64url, canonical, without leading zero bytes (RFC 7518 §6.3.1.1) */
  n: string;
  e: string;
  modulusBytes: number;
};

const maxModulusBits = 8192;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Reads one member of a key set, or says why it is unusable: not RSA, not for RS256 signatures, a modulus under 2048 or
 * over 8192 bits, even, vulnerable to ROCA or easily factored, an exponent that is even, under 65537 or over four bytes
 * long, no usable kid, or a published private key.
 */
export function readJwk(value: unknown): RsaJwk | { refused: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { refused: 'not an object' };
  const jwk = value as Record<string, unknown>;
  if (jwk.kty !== 'RSA') return { refused: 'kty' };
  if (!isKeyId(jwk.kid)) return { refused: 'kid' };
  if (Object.hasOwn(jwk, 'use') && jwk.use !== 'sig') return { refused: 'use' };
  if (Object.hasOwn(jwk, 'alg') && jwk.alg !== 'RS256') return { refused: 'alg' };
  if (Object.hasOwn(jwk, 'key_ops') && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) {
    return { refused: 'key_ops' };
  }
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return { refused: 'private key' };
  const numbers = readRsaNumbers(jwk, maxModulusBits);
  if ('refused' in numbers) return numbers;
  const { modulus } = numbers;
  if (isFactorable(modulus)) return { refused: 'factors' };
  return { kid: jwk.kid, n: jwk.n as string, e: jwk.e as string, modulusBytes: modulus.length };
}
