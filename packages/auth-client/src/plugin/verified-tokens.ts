import type { VerificationKey } from '../key-set/verification-key.ts';
import type { Authentication } from '../token/authentication.ts';

/** A token that has passed every check once. */
export type VerifiedToken = {
  readonly token: string;
  readonly authentication: Authentication;
  readonly key: VerificationKey;
  /** Expiry by the wall clock, and by the monotonic one: setting the clock back must not extend a token's life. */
  readonly expiresAtWallMs: number;
  readonly expiresAtMonotonicMs: number;
  /** The last revision of the revocation list at which the token was not revoked. */
  goodAtRevision: number | undefined;
  /** Why it was revoked. It stays revoked after the list has dropped the entry. */
  revoked: string | undefined;
};

/**
 * A cache of verified tokens, keyed by the whole token. Only tokens signed by the issuer enter, so garbage cannot evict
 * anything.
 *
 * Bounded by two generations: when the young one is full it becomes the old one, and the previous old one is dropped. A
 * hit in the old generation moves the token to the young one. Expired and revoked tokens stay until they are dropped.
 *
 * Does not check expiry, key or revocation: the caller does, on every hit.
 */
export class VerifiedTokens {
  readonly #perGeneration: number;
  // Keyed by a short hash, then compared in full: hashing the whole token would cost more than the rest of a cache hit.
  // On a collision, which is rare, one of the two tokens is verified again.
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

/** 32-bit FNV-1a of the token's last characters: they belong to the signature, so they are as good as random. */
function numberOf(token: string): number {
  let number = 0x811c9dc5 | 0;
  for (let index = token.length - 8; index < token.length; index += 1)
    number = Math.imul(number ^ token.charCodeAt(index), 0x01000193);
  return number;
}
