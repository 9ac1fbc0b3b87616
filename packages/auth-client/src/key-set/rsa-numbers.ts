import { Buffer } from 'node:buffer';
import { isRoca } from './roca.ts';

/** RFC 7518 §3.3 */
const minModulusBits = 2048;
const minExponent = 65_537;
const maxExponentBytes = 4;

/**
 * Reads the modulus of an RSA public key (RFC 7518 §6.3.1), or says why the key is unusable: a number that is not
 * canonical, a modulus that is under 2048 or over `maxModulusBits` bits, even, or vulnerable to ROCA, or an exponent that
 * is even, under 65537, or over four bytes long.
 *
 * Does not look for factors of the modulus.
 *
 * @example readRsaNumbers({ n: 'AQAB', e: 'AQ' }, 4096) // { refused: 'n' }
 */
export function readRsaNumbers(
  { n, e }: { readonly n?: unknown; readonly e?: unknown },
  maxModulusBits: number,
): { modulus: Buffer } | { refused: 'n' | 'e' | 'ROCA' } {
  const modulus = unsignedInteger(n);
  if (!modulus) return { refused: 'n' };
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < minModulusBits || bits > maxModulusBits || isEven(modulus)) return { refused: 'n' };
  const exponent = unsignedInteger(e);
  if (!exponent || exponent.length > maxExponentBytes || isEven(exponent)) return { refused: 'e' };
  if (exponent.readUIntBE(0, exponent.length) < minExponent) return { refused: 'e' };
  return isRoca(modulus) ? { refused: 'ROCA' } : { modulus };
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
