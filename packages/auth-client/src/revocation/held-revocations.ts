import type { Revocation } from '../feed/revocation.ts';
import type { RevocableToken } from './revocation-list.ts';

/** Shared by all revocations of one second with the same content, so that each costs little more than its id. */
type Entry = {
  readonly reason: string;
  /** Tokens with an `iat` before this, in seconds since 1970. Infinity: all of them. */
  readonly before: number;
  /** By the monotonic clock. Ignored for keys, which never leave. */
  readonly leavesAtMs: number;
};

type Entries = Map<string, Entry>;

/**
 * The revocations that may still concern a token. Each leaves after the retention time, except those of keys. Times are
 * the monotonic clock's.
 */
export class HeldRevocations {
  // Each map holds its entries in the order in which they leave.
  readonly #session: Entries = new Map();
  readonly #token: Entries = new Map();
  readonly #subject: Entries = new Map();
  readonly #client: Entries = new Map();
  /** These never leave: a thief can keep signing with the key, and our key set may be older than its withdrawal. */
  readonly #key: Entries = new Map();
  /** One entry at most, under the empty id. */
  readonly #all: Entries = new Map();
  readonly #retentionSeconds: number;
  /** The shared entries of the current second, by content. */
  readonly #shared: Entries = new Map();
  #second = Number.NEGATIVE_INFINITY;

  constructor(retentionSeconds: number) {
    this.#retentionSeconds = retentionSeconds;
  }

  get size(): number {
    return this.#kinds().reduce((sum, entries) => sum + entries.size, 0);
  }

  /** Sets the current time and drops the entries that are due. Call it before anything else. */
  moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    // Once a second is enough. If nothing is due, this reads one entry of each kind.
    if (second === this.#second) return;
    this.#second = second;
    this.#shared.clear();
    for (const entries of this.#kinds()) {
      if (entries === this.#key) continue;
      for (const [id, { leavesAtMs }] of entries) {
        if (leavesAtMs > nowMs) break;
        entries.delete(id);
      }
    }
  }

  /** Adds a revocation as of now. Returns whether it concerns tokens that the held one did not. */
  add(revocation: Revocation): boolean {
    const entries = this.#of(revocation.kind);
    const id = revocation.kind === 'all' ? '' : revocation.id;
    const before = beforeOf(revocation);
    const held = entries.get(id);
    const isNew = held === undefined || before > held.before;
    const entry = isNew ? this.#entry(before, revocation.reason) : this.#entry(held.before, held.reason);
    // Delete first: a map keeps the place of a key that is set again, but this entry now leaves last.
    if (held !== undefined && held.leavesAtMs !== entry.leavesAtMs) entries.delete(id);
    entries.set(id, entry);
    return isNew;
  }

  /** Why the token is revoked, or undefined. */
  find(token: RevocableToken): string | undefined {
    const { sessionId, issuedAt } = token;
    return (
      (sessionId === undefined ? undefined : this.#session.get(sessionId)?.reason) ??
      this.#token.get(token.tokenId)?.reason ??
      reasonIfIssuedBefore(this.#subject.get(token.subject), issuedAt) ??
      reasonIfIssuedBefore(this.#client.get(token.clientId), issuedAt) ??
      this.#key.get(token.keyId)?.reason ??
      reasonIfIssuedBefore(this.#all.get(''), issuedAt)
    );
  }

  #entry(before: number, reason: string): Entry {
    const name = `${before} ${reason}`;
    const known = this.#shared.get(name);
    if (known) return known;
    const entry = { reason, before, leavesAtMs: (this.#second + 1 + this.#retentionSeconds) * 1000 };
    this.#shared.set(name, entry);
    return entry;
  }

  #of(kind: Revocation['kind']): Entries {
    switch (kind) {
      case 'session':
        return this.#session;
      case 'token':
        return this.#token;
      case 'subject':
        return this.#subject;
      case 'client':
        return this.#client;
      case 'key':
        return this.#key;
      case 'all':
        return this.#all;
    }
  }

  #kinds(): Entries[] {
    return [this.#session, this.#token, this.#subject, this.#client, this.#key, this.#all];
  }
}

function beforeOf(revocation: Revocation): number {
  switch (revocation.kind) {
    case 'session':
    case 'token':
    case 'key':
      return Number.POSITIVE_INFINITY;
    default:
      return revocation.before;
  }
}

function reasonIfIssuedBefore(entry: Entry | undefined, issuedAt: number): string | undefined {
  return entry !== undefined && issuedAt < entry.before ? entry.reason : undefined;
}
