import type { Authentication } from './authentication.ts';
import type { VerificationKey } from './key-set/verification-key.ts';

/** A token that has passed every check once. */
export interface VerifiedToken {
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
 * moves nothing but a token found in the old generation, once. Expired and revoked tokens stay until they are
 * dropped, and keep being refused.
 *
 * Does not judge: whoever takes a token from here asks whether it still holds.
 */
export class VerifiedTokens {
  readonly #perGeneration: number;
  #young = new Map<string, VerifiedToken>();
  #old = new Map<string, VerifiedToken>();

  constructor(max: number) {
    this.#perGeneration = Math.max(1, Math.floor(max / 2));
  }

  get(token: string): VerifiedToken | undefined {
    const young = this.#young.get(token);
    if (young) return young;
    const old = this.#old.get(token);
    if (old) this.set(token, old);
    return old;
  }

  set(token: string, verified: VerifiedToken): void {
    if (this.#young.size >= this.#perGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, verified);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
