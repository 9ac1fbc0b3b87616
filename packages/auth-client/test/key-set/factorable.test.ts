import { checkPrimeSync, generatePrimeSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { readJwk } from '../../src/key-set/json-web-key.ts';

/** By default of 1025 bits, so that the product of two has more than 2048. */
const somePrime = (bits = 1025): bigint => generatePrimeSync(bits, { bigint: true });

function primeAfter(start: bigint): bigint {
  let candidate = start | 1n;
  do candidate += 2n;
  while (!checkPrimeSync(candidate));
  return candidate;
}

function read(modulus: bigint) {
  const hex = modulus.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return readJwk({ kty: 'RSA', kid: 'k', e: 'AQAB', n: bytes.toString('base64url') });
}

const p = somePrime();
const q = somePrime();

it.each<[string, bigint]>([
  ['three times something', 3n * p * q],
  ['751 times something', 751n * p * q],
  ['of bits that are all set', 2n ** 2048n - 1n],
  ['of two set bits', 2n ** 2047n + 1n],
  ['the square of a prime', p ** 2n],
  ['the cube of a prime', somePrime(700) ** 3n],
  ['the fifth power of a prime', somePrime(420) ** 5n],
  ['the ninth power of a prime', somePrime(230) ** 9n],
  ['the 37th power of a prime', somePrime(57) ** 37n],
  ['the 223rd power of the least prime that is no small factor', 757n ** 223n],
  ['the 853rd power of it, of almost 8192 bits', 757n ** 853n],
  ['the cube of a product', (somePrime(350) * somePrime(351)) ** 3n],
  ['the product of adjacent primes', p * primeAfter(p)],
  ['the product of primes whose first halves are the same', p * primeAfter(p + 2n ** 516n)],
])('a modulus that is %s is refused: anybody can split it', (_what, modulus) => {
  expect(read(modulus)).toEqual({ refused: 'factors' });
});

it('the product of primes that have nothing in common is taken', () => {
  expect(read(p * q)).toMatchObject({ kid: 'k' });
  expect(read(p * primeAfter(p + 2n ** 1000n))).toMatchObject({ kid: 'k' });
});

it('the answer is the same again, also after many others', () => {
  const good = p * q;
  const bad = p ** 2n;
  for (let other = 0n; other < 300n; other += 1n) {
    expect(read(3n * (good + 2n * other))).toEqual({ refused: 'factors' });
    if (other % 50n !== 0n) continue;
    expect(read(good)).toMatchObject({ kid: 'k' });
    expect(read(bad)).toEqual({ refused: 'factors' });
  }
});
