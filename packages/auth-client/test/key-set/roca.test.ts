import { checkPrimeSync, generatePrimeSync, randomBytes, randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { readJwk } from '../../src/key-set/json-web-key.ts';
import { isRoca } from '../../src/key-set/roca.ts';

const bytesOf = (n: bigint): Buffer => {
  const hex = n.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
};
const firstPrimes = (count: number): bigint[] => {
  const primes: bigint[] = [];
  for (let candidate = 2n; primes.length < count; candidate += 1n)
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate);
  return primes;
};
const product = (factors: readonly bigint[]): bigint => factors.reduce((all, factor) => all * factor, 1n);
const power = (base: bigint, exponent: number, modulus: bigint): bigint => {
  let result = 1n;
  for (const bit of exponent.toString(2))
    result = (((result * result) % modulus) * (bit === '1' ? base : 1n)) % modulus;
  return result;
};

/** A prime as the broken library made it: k · M + (65537^a mod M), where M is the product of the first primes. */
function rocaPrime(bits: number, primes: number): bigint {
  const m = product(firstPrimes(primes));
  const least = 1n << BigInt(bits - 1);
  for (;;) {
    const rest = power(65_537n, randomInt(2 ** 40), m);
    const k = least / m + 1n + (BigInt(`0x${randomBytes(16).toString('hex')}`) % (least / m));
    const candidate = k * m + rest;
    if (candidate.toString(2).length === bits && checkPrimeSync(candidate)) return candidate;
  }
}

it.each([
  [512, 39, 256],
  [1024, 71, 512],
  [2048, 126, 1024],
  [3072, 126, 1536],
])(
  'a modulus of %i bits, by a card that picks primes from powers of 65537, is ROCA',
  (_bits, primes, primeBits) => {
    const n = rocaPrime(primeBits, primes) * rocaPrime(primeBits, primes);
    expect(isRoca(bytesOf(n))).toBe(true);
  },
);

it('a good modulus is not: none of 2,016', () => {
  const primes = Array.from({ length: 64 }, () => generatePrimeSync(256, { bigint: true }));
  const moduli = primes.flatMap((p, index) => primes.slice(index + 1).map((q) => p * q));
  expect(moduli).toHaveLength(2016);
  expect(moduli.filter((n) => isRoca(bytesOf(n)))).toEqual([]);
});

it('one good prime is enough', () => {
  const n = rocaPrime(512, 71) * generatePrimeSync(512, { bigint: true });
  expect(isRoca(bytesOf(n))).toBe(false);
});

it('a key of a set that has such a modulus is not used', () => {
  const jwk = (n: bigint) => ({ kty: 'RSA', kid: 'k', e: 'AQAB', n: bytesOf(n).toString('base64url') });
  // Exactly 2048 bits. The product of two primes of 1024 bits may be one bit shorter.
  let roca = 0n;
  while (roca.toString(2).length !== 2048) roca = rocaPrime(1024, 126) * rocaPrime(1024, 126);
  expect(readJwk(jwk(roca))).toEqual({ refused: 'ROCA' });
});
