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

  constructor({ key = randomBytes(32), seconds }: { key?: Buffer; seconds: () => number }) {
    this.#key = key;
    this.#seconds = seconds;
  }

  get current(): string {
    return this.#nonceOf(this.#period);
  }

  isCurrent(nonce: string): boolean {
    return [this.#period, this.#period - 1].some((period) => areEqual(nonce, this.#nonceOf(period)));
  }

  /** The number of the current minute. */
  get #period(): number {
    return Math.floor(this.#seconds() / periodSeconds);
  }

  /** Gives up all nonces that were given out. */
  renew(): void {
    this.#round += 1;
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
