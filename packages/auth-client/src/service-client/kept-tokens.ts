/** A token to call another service with, on one user's behalf. */
export interface KeptToken {
  readonly accessToken: string;
  readonly key: string;
  /** Of the user's token: the sign-in, the user, and the client that the user signed in with. */
  readonly sessionId: string;
  readonly subject: string;
  readonly clientId: string;
  /** Monotonic; already some time before it expires. */
  readonly usableUntilMs: number;
}

/**
 * Exchanged tokens by what they depend on (token-key.ts), by session and by user. Bounded: the one that was not used for
 * the longest time makes room.
 */
export class KeptTokens {
  readonly #max: number;
  readonly #byKey = new Map<string, KeptToken>();
  readonly #keysOf = { session: new Map<string, Set<string>>(), subject: new Map<string, Set<string>>() };

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
    if (nowMs >= kept.usableUntilMs) {
      this.drop(kept);
      return undefined;
    }
    // A map keeps the order of insertion: the first is the one that was not used for the longest time.
    this.#byKey.delete(key);
    this.#byKey.set(key, kept);
    return kept;
  }

  set(token: KeptToken): void {
    const { key, sessionId, subject } = token;
    this.#byKey.delete(key);
    this.#byKey.set(key, token);
    remember(this.#keysOf.session, sessionId, key);
    remember(this.#keysOf.subject, subject, key);
    if (this.#byKey.size <= this.#max) return;
    for (const oldest of this.#byKey.values()) {
      this.drop(oldest);
      break;
    }
  }

  /** Forgets this very token, and not one that has replaced it. */
  drop(token: KeptToken): void {
    const { key, sessionId, subject } = token;
    if (this.#byKey.get(key) !== token) return;
    this.#byKey.delete(key);
    forget(this.#keysOf.session, sessionId, key);
    forget(this.#keysOf.subject, subject, key);
  }

  /** Forgets all tokens that stem from this sign-in, or from any of this user's. */
  dropAllOf(owner: 'session' | 'subject', id: string): void {
    for (const key of [...(this.#keysOf[owner].get(id) ?? [])]) {
      const token = this.#byKey.get(key);
      if (token) this.drop(token);
    }
  }

  /** Forgets all tokens of people who signed in with this client. Looks at every token. */
  dropClient(clientId: string): void {
    for (const token of [...this.#byKey.values()]) if (token.clientId === clientId) this.drop(token);
  }

  clear(): void {
    this.#byKey.clear();
    for (const keys of Object.values(this.#keysOf)) keys.clear();
  }
}

function remember(index: Map<string, Set<string>>, id: string, key: string): void {
  const keys = index.get(id);
  if (keys) keys.add(key);
  else index.set(id, new Set([key]));
}

function forget(index: Map<string, Set<string>>, id: string, key: string): void {
  const keys = index.get(id);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(id);
}
