import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a nonce is given out. It is accepted for as long again. */
const periodSeconds = 60;

/**
 * Nonces for proofs (RFC 9449 §8, §9) that need no store: each is the MAC of the current minute. With a key of its own, a
 * process accepts only its own nonces; processes with one key accept each other's.
 *
 * @example
 * const nonces = new ProofNonces({ seconds: () => Date.now() / 1000 });
 * nonces.isCurrent(nonces.current); // true, for one to two minutes
 */
export class ProofNonces {
  readonly #key: Buffer;
  readonly #seconds: () => number;
  #round = 0;
  #made: { readonly period: number; readonly nonces: readonly [string, string] } | undefined;

  constructor({ key = randomBytes(32), seconds }: { key?: Buffer; seconds: () => number }) {
    this.#key = key;
    this.#seconds = seconds;
  }

  get current(): string {
    return this.#good[0];
  }

  isCurrent(nonce: string): boolean {
    return this.#good.some((good) => areEqual(nonce, good));
  }

  /** Gives up all nonces that were given out. */
  renew(): void {
    this.#round += 1;
    this.#made = undefined;
  }

  /** The nonces of this minute and of the last one, made once: three MACs for each proof cost as much as its parsing. */
  get #good(): readonly [string, string] {
    const period = Math.floor(this.#seconds() / periodSeconds);
    if (this.#made?.period !== period)
      this.#made = { period, nonces: [this.#nonceOf(period), this.#nonceOf(period - 1)] };
    return this.#made.nonces;
  }

  #nonceOf(period: number): string {
    return createHmac('sha256', this.#key)
      .update(`${period}.${this.#round}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
  }
}

function areEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
