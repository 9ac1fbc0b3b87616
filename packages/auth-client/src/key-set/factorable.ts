import type { Buffer } from 'node:buffer';

const largestSmallPrime = 751;
const fermatSteps = 200n;
/** Squares modulo 64. Only every fifth number is like them, so that most others need no square root. */
const squaresModulo64: ReadonlySet<bigint> = new Set(
  Array.from({ length: 64 }, (_, root) => BigInt(root * root) % 64n),
);

let smallPrimes: bigint | undefined;
/** The answers for the latest moduli: key sets are fetched again and again, and seldom change. */
const known = new Map<string, boolean>();
const mostKnown = 256;

/**
 * Whether anybody can split a modulus at once: it has a prime factor up to 751, it is a power (NIST SP 800-89 §5.3.3),
 * or its two factors are so close to each other that some steps of Fermat's method find them (FIPS 186-5 A.1.3 wants
 * them further apart).
 *
 * Finds no other weakness. In particular it takes a modulus that is itself a prime, because the test of that would take
 * longer than all other checks of a key together.
 *
 * @example isFactorable(Buffer.from(jwk.n, 'base64url')) // false
 */
export function isFactorable(modulus: Buffer): boolean {
  const hex = modulus.toString('hex');
  let answer = known.get(hex);
  if (answer === undefined) {
    answer = canBeSplit(BigInt(`0x${hex}`));
    const [oldest] = known.keys();
    if (known.size === mostKnown && oldest !== undefined) known.delete(oldest);
    known.set(hex, answer);
  }
  return answer;
}

function canBeSplit(n: bigint): boolean {
  smallPrimes ??= productOfPrimes(largestSmallPrime);
  return greatestCommonDivisor(smallPrimes, n % smallPrimes) !== 1n || isOddPower(n) || hasCloseFactors(n);
}

/** Squares are left to hasCloseFactors. The root has no prime factor up to 751 either, which bounds the exponent. */
function isOddPower(n: bigint): boolean {
  const largest = log2(n) / Math.log2(largestSmallPrime);
  for (let k = 3; k <= largest; k += 2) if (isPrime(k) && mayBePower(n, k) && isPower(n, k)) return true;
  return false;
}

/**
 * By Euler's criterion, only every k-th number is a k-th power modulo a prime 2jk + 1. Four such primes leave so few
 * numbers that hardly a root is computed in vain.
 */
function mayBePower(n: bigint, k: number): boolean {
  for (let j = 1, primes = 0; primes < 4; j += 1) {
    const prime = 2 * j * k + 1;
    if (!isPrime(prime)) continue;
    primes += 1;
    const modulus = BigInt(prime);
    if ((n % modulus) ** BigInt(2 * j) % modulus > 1n) return false;
  }
  return true;
}

/** Fermat: an odd n = a² - b² is (a - b)(a + b). With b = 0, n is a square. */
function hasCloseFactors(n: bigint): boolean {
  const root = rootOf(n, 2);
  const first = root * root === n ? root : root + 1n;
  for (let a = first; a < first + fermatSteps; a += 1n) if (isSquare(a * a - n)) return true;
  return false;
}

function isSquare(n: bigint): boolean {
  return squaresModulo64.has(n % 64n) && isPower(n, 2);
}

function isPower(n: bigint, k: number): boolean {
  return rootOf(n, k) ** BigInt(k) === n;
}

/** Rounded down, by Newton's method. It starts above the root, by a little more than a double can be wrong. */
function rootOf(n: bigint, k: number): bigint {
  if (n < 2n) return n;
  const bits = log2(n) / k + 2 ** -30;
  const shift = Math.max(0, Math.floor(bits) - 52);
  const [index, power] = [BigInt(k), BigInt(k - 1)];
  let root = BigInt(Math.ceil(2 ** (bits - shift))) << BigInt(shift);
  for (;;) {
    const next = (power * root + n / root ** power) / index;
    if (next >= root) return root;
    root = next;
  }
}

function log2(n: bigint): number {
  const shift = Math.max(0, n.toString(16).length - 16) * 4;
  return Math.log2(Number(n >> BigInt(shift))) + shift;
}

/** Of an odd number. */
function isPrime(candidate: number): boolean {
  for (let divisor = 3; divisor ** 2 <= candidate; divisor += 2) if (candidate % divisor === 0) return false;
  return true;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

function productOfPrimes(largest: number): bigint {
  let product = 1n;
  for (let candidate = 3; candidate <= largest; candidate += 2)
    if (isPrime(candidate)) product *= BigInt(candidate);
  return product;
}
