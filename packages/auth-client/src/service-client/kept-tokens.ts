/** A token for calls to another service on one person's behalf. */
export type KeptToken = {
  readonly accessToken: string;
  /** Sent with proofs of this service's key (RFC 9449 §7.1), not as Bearer. */
  readonly isBound: boolean;
  readonly key: string;
  /** From the person's token: the session, the person, and the client that the person signed in with. */
  readonly sessionId: string;
  readonly subject: string;
  readonly clientId: string;
  /** Monotonic; some time before the token expires. */
  readonly usableUntilMs: number;
};

/**
 * Exchanged tokens, indexed by what they depend on (token-key.ts), by session and by person. An LRU cache: at its limit
 * the least recently used token is dropped.
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
    // A map keeps the order of insertion, so its first entry is the least recently used.
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

  /** Drops exactly this token, not one that has replaced it. */
  drop(token: KeptToken): void {
    const { key, sessionId, subject } = token;
    if (this.#byKey.get(key) !== token) return;
    this.#byKey.delete(key);
    forget(this.#keysOf.session, sessionId, key);
    forget(this.#keysOf.subject, subject, key);
  }

  /** Drops all tokens of this session or this person. */
  dropAllOf(owner: 'session' | 'subject', id: string): void {
    for (const key of [...(this.#keysOf[owner].get(id) ?? [])]) {
      const token = this.#byKey.get(key);
      if (token) this.drop(token);
    }
  }

  /** Drops all tokens of people who signed in with this client. Scans every token. */
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
