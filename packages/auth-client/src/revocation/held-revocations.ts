import type { Revocation } from './revocation.ts';
import type { RevocableToken } from './revocation-list.ts';

/** Shared by all that was received in the same second for the same reason: an entry costs little more than its id. */
interface Entry {
  readonly reason: string;
  /** Tokens with an `iat` before this, in seconds since 1970. Infinity: all of them. */
  readonly before: number;
  /** By the monotonic clock. Of a key it says nothing. */
  readonly leavesAtMs: number;
}

type Entries = Map<string, Entry>;

/**
 * The revocations that may still concern a token, each until its time is over; those of keys for good. Times are the
 * monotonic clock's.
 */
export class HeldRevocations {
  // In each, entries stand in the order in which they leave.
  readonly #session: Entries = new Map();
  readonly #token: Entries = new Map();
  readonly #subject: Entries = new Map();
  readonly #client: Entries = new Map();
  /** They never leave: whoever has a key goes on signing with it, and our key set may be from before it was withdrawn. */
  readonly #key: Entries = new Map();
  /** One entry at most, under the empty id. */
  readonly #all: Entries = new Map();
  readonly #retentionSeconds: number;
  /** Those of the current second, by what they say. */
  readonly #shared: Entries = new Map();
  #second = Number.NEGATIVE_INFINITY;

  constructor(retentionSeconds: number) {
    this.#retentionSeconds = retentionSeconds;
  }

  get size(): number {
    return this.#kinds().reduce((sum, entries) => sum + entries.size, 0);
  }

  /** Says what time it is, which lets leave what is due. Comes before anything else. */
  moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    // Once a second is enough, and in a second in which nothing leaves it looks at one entry of each kind.
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

  /** Takes in a revocation, as of now. Whether it concerns tokens that no other did. */
  add(revocation: Revocation): boolean {
    const entries = this.#of(revocation.kind);
    const id = revocation.kind === 'all' ? '' : revocation.id;
    const before = beforeOf(revocation);
    const held = entries.get(id);
    const isNew = held === undefined || before > held.before;
    const entry = isNew ? this.#entry(before, revocation.reason) : this.#entry(held.before, held.reason);
    // Deleted first: what is set anew in a map keeps its place, and this entry now leaves last.
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
