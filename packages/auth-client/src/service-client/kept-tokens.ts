/** A token to call another service with, on one user's behalf. */
export interface KeptToken {
  readonly accessToken: string;
  readonly key: string;
  readonly sessionId: string;
  /** Monotonic; already some time before it expires. */
  readonly usableUntilMs: number;
}

/**
 * Exchanged tokens by what they depend on (token-key.ts), and by session. Bounded: the one that was not used for the
 * longest time makes room.
 */
export class KeptTokens {
  readonly #max: number;
  readonly #byKey = new Map<string, KeptToken>();
  readonly #keysOfSession = new Map<string, Set<string>>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The token, if there is one that can still be used at this monotonic time. */
  get(key: string, nowMs: number): KeptToken | undefined {
    const kept = this.#byKey.get(key);
    if (!kept) return undefined;
    this.#byKey.delete(key);
    if (nowMs < kept.usableUntilMs) {
      // A map keeps the order of insertion: the first is the one that was not used for the longest time.
      this.#byKey.set(key, kept);
      return kept;
    }
    this.#forgetKey(kept);
    return undefined;
  }

  set(token: KeptToken): void {
    const { key, sessionId } = token;
    this.#byKey.delete(key);
    this.#byKey.set(key, token);
    const keys = this.#keysOfSession.get(sessionId) ?? new Set();
    this.#keysOfSession.set(sessionId, keys.add(key));
    if (this.#byKey.size <= this.#max) return;
    for (const oldest of this.#byKey.values()) {
      this.drop(oldest);
      break;
    }
  }

  /** Forgets this very token, and not one that has replaced it. */
  drop(token: KeptToken): void {
    if (this.#byKey.get(token.key) !== token) return;
    this.#byKey.delete(token.key);
    this.#forgetKey(token);
  }

  /** Forgets all tokens that stem from this sign-in. */
  dropSession(sessionId: string): void {
    for (const key of this.#keysOfSession.get(sessionId) ?? []) this.#byKey.delete(key);
    this.#keysOfSession.delete(sessionId);
  }

  #forgetKey({ key, sessionId }: KeptToken): void {
    const keys = this.#keysOfSession.get(sessionId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOfSession.delete(sessionId);
  }
}
