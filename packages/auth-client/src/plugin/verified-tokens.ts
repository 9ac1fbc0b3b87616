import type { VerificationKey } from '../key-set/verification-key.ts';
import type { Authentication } from '../token/authentication.ts';

/** A token that has passed every check once. */
export interface VerifiedToken {
  readonly token: string;
  readonly authentication: Authentication;
  readonly key: VerificationKey;
  /** Expiry by the wall clock, and by the monotonic one: setting the clock back does not give a token more time. */
  readonly expiresAtWallMs: number;
  readonly expiresAtMonotonicMs: number;
  /** The revision of the list of revocations at which the token was last looked up there, and was not revoked. */
  goodAtRevision: number | undefined;
  /** Why it was revoked. A token stays revoked when the list has long forgotten it. */
  revoked: string | undefined;
}

/**
 * Tokens that have been verified, by the whole token. Only tokens of the issuer's enter, so garbage cannot evict anything.
 *
 * Bounded by two generations: when the young one is full it becomes the old one, and what was old is dropped. A hit
 * moves nothing but a token found in the old generation, once. Expired and revoked tokens stay until they are dropped, and
 * keep being refused.
 *
 * Does not judge: whoever takes a token from here asks whether it still holds.
 */
export class VerifiedTokens {
  readonly #perGeneration: number;
  // Found by a number, and then compared in full. To hash all of a token costs more than all else that a request with a
  // known token needs. Of two tokens with the same number one is verified anew, which hardly ever happens.
  #young = new Map<number, VerifiedToken>();
  #old = new Map<number, VerifiedToken>();

  constructor(max: number) {
    this.#perGeneration = Math.max(1, Math.floor(max / 2));
  }

  get(token: string): VerifiedToken | undefined {
    const number = numberOf(token);
    const young = this.#young.get(number);
    if (young?.token === token) return young;
    const old = this.#old.get(number);
    if (old?.token !== token) return undefined;
    this.#keep(number, old);
    return old;
  }

  add(verified: VerifiedToken): void {
    this.#keep(numberOf(verified.token), verified);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #keep(number: number, verified: VerifiedToken): void {
    if (this.#young.size >= this.#perGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, verified);
  }
}

/** Of a token's end, which is its signature and as good as random: 32-bit FNV-1a. */
function numberOf(token: string): number {
  let number = 0x811c9dc5 | 0;
  for (let index = token.length - 8; index < token.length; index += 1)
    number = Math.imul(number ^ token.charCodeAt(index), 0x01000193);
  return number;
}
