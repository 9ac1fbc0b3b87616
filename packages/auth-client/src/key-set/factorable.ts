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
 * Whether anybody can split a modulus at once: it has a prime factor up to 751, it is a square, or its two factors are
 * so close to each other that some steps of Fermat's method find them (FIPS 186-5 A.1.3 wants them further apart).
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
  return greatestCommonDivisor(smallPrimes, n % smallPrimes) !== 1n || hasCloseFactors(n);
}

/** Fermat: an odd n = a² - b² is (a - b)(a + b). With b = 0, n is a square. */
function hasCloseFactors(n: bigint): boolean {
  const root = squareRoot(n);
  const first = root * root === n ? root : root + 1n;
  for (let a = first; a < first + fermatSteps; a += 1n) if (isSquare(a * a - n)) return true;
  return false;
}

function isSquare(n: bigint): boolean {
  return squaresModulo64.has(n % 64n) && squareRoot(n) ** 2n === n;
}

/** Rounded down, by Newton's method. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

function productOfPrimes(largest: number): bigint {
  let product = 1n;
  for (let candidate = 3n; candidate <= largest; candidate += 2n)
    if (greatestCommonDivisor(product, candidate) === 1n) product *= candidate;
  return product;
}
