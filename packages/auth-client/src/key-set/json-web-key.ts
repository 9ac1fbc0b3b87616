import { Buffer } from 'node:buffer';
import { isKeyId } from '../token/key-id.ts';
import { isFactorable } from './factorable.ts';
import { isRoca } from './roca.ts';

/** An RSA public key of a JWK Set (RFC 7517), after the checks of readJwk. */
export type RsaJwk = {
  kid: string;
  /** base64url, canonical, without leading zero bytes (RFC 7518 §6.3.1.1) */
  n: string;
  e: string;
  modulusBytes: number;
};

const minModulusBits = 2048;
const maxModulusBits = 8192;
const minExponent = 65_537;
const maxExponentBytes = 4;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Reads one member of a key set, or says why it is unusable: not RSA, not for RS256 signatures, a modulus under 2048 or
 * over 8192 bits, vulnerable to ROCA or easily factored, an exponent that is even or under 65537, no usable kid, or a
 * published private key.
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
  const modulus = unsignedInteger(jwk.n);
  if (!modulus) return { refused: 'n' };
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < minModulusBits || bits > maxModulusBits || isEven(modulus)) return { refused: 'n' };
  if (isRoca(modulus)) return { refused: 'ROCA' };
  if (isFactorable(modulus)) return { refused: 'factors' };
  const exponent = unsignedInteger(jwk.e);
  if (!exponent || exponent.length > maxExponentBytes || isEven(exponent)) return { refused: 'e' };
  const e = exponent.readUIntBE(0, exponent.length);
  if (e < minExponent) return { refused: 'e' };
  return { kid: jwk.kid, n: jwk.n as string, e: jwk.e as string, modulusBytes: modulus.length };
}

function unsignedInteger(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || value.length > 2048) return undefined;
  const bytes = Buffer.from(value, 'base64url');
  // Only canonical base64url encodes back to the same text.
  if (bytes.length === 0 || bytes[0] === 0 || bytes.toString('base64url') !== value) return undefined;
  return bytes;
}

function isEven(bytes: Buffer): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 0;
}
