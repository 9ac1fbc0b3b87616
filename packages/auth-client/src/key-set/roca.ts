const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** For each prime, the residues of the powers of 65537. */
const remainders = smallPrimes.map((prime) => ({ prime: BigInt(prime), powers: powersOf(65_537, prime) }));

/**
 * Whether a modulus has the fingerprint of ROCA (CVE-2017-15361), so that its private key can be computed. Each prime
 * of Infineon's library is a power of 65537 modulo many small primes at once, and so are its moduli. Fewer than one in
 * 2²⁷ other moduli match by chance.
 *
 * Finds no other weakness.
 *
 * Source: M. Nemec et al., The Return of Coppersmith's Attack, ACM CCS 2017, §3.1.
 *
 * @example isRoca(Buffer.from(jwk.n, 'base64url')) // false
 */
export function isRoca(modulus: Buffer): boolean {
  const n = BigInt(`0x${modulus.toString('hex')}`);
  return remainders.every(({ prime, powers }) => powers.has(Number(n % prime)));
}

function powersOf(base: number, modulus: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * base) % modulus) powers.add(power);
  return powers;
}
