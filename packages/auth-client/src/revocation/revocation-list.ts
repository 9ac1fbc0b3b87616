import { type Clock, systemClock } from '../clock.ts';
import { AuthClientOptionsError, faultsOfNumbers, faultsOfSurroundings } from '../option-checks.ts';
import type { Revocation } from './revocation.ts';

/** What of a token decides whether it has been revoked: any Authentication will do. */
export interface RevocableToken {
  readonly sessionId?: string | undefined;
  readonly tokenId: string;
  readonly subject: string;
  readonly clientId: string;
  readonly issuedAt: number;
  readonly keyId: string;
}

/** What has been revoked, as far as is known here, and as of when. */
export interface RevocationList {
  /**
   * Takes in revocations, in any order and as often as they come: of two for the same thing, what concerns more tokens
   * stays. Listeners are told once all are in.
   */
  apply(revocations: readonly Revocation[]): void;
  /** Says that the list is complete as of now: whoever revokes has just proved that nothing is missing. */
  confirm(): void;
  /** Seconds since the list was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly size: number;
  /** Another number whenever a token may be revoked that was not: as long as it is the same, no answer has turned bad. */
  readonly revision: number;
  /** Why the token is revoked, or undefined if it is not, as far as is known here. */
  find(token: RevocableToken): string | undefined;
  /**
   * Calls back for each revocation that the list did not hold, or that concerns more tokens than what it held. What the
   * listener throws comes out of `apply`, after everything is in. Returns what ends it.
   */
  onRevoked(listener: (revocation: Revocation) => void): () => void;
  /** Resolves when the list is complete for the first time; never rejects. */
  ready(): Promise<void>;
}

export interface RevocationListOptions {
  /** The longest that a token can be good after it was revoked: its longest lifetime and the clocks' skew. */
  retentionSeconds: number;
  /** Default the system's clocks. Only the monotonic one is asked. */
  clock?: Clock;
}

/** Shared by all that was received in the same second for the same reason: an entry costs little more than its id. */
interface Entry {
  readonly reason: string;
  /** Tokens with an `iat` before this, in seconds since 1970. Infinity: all of them. */
  readonly before: number;
  /** By the monotonic clock. */
  readonly leavesAtMs: number;
}

type Entries = Map<string, Entry>;

/**
 * An empty list of revocations. It does nothing by itself: whoever has it feeds it, by apply and confirm.
 *
 * An entry leaves when it was last received `retentionSeconds` ago, at most a second later, by the monotonic clock, so
 * that no setting of the machine's time brings a token back. That is done in apply, confirm and size; there is no timer.
 * Memory is bounded by how much is revoked in that time: 70 to 100 bytes for each entry.
 *
 * Does not check who says so: apply only what has been verified.
 *
 * @throws AuthClientOptionsError
 * @example
 * const list = createRevocationList({ retentionSeconds: 330 })
 * list.apply([{ kind: 'session', id: '0-7Fq', reason: 'sign_out' }])
 * list.confirm()
 * list.find({ sessionId: '0-7Fq', tokenId, subject, clientId, issuedAt, keyId }) // 'sign_out'
 */
export function createRevocationList(options: RevocationListOptions): RevocationList {
  const retention = { retentionSeconds: { standard: undefined, min: 1, max: 172_800 } };
  const faults = [...faultsOfNumbers({ ...options }, retention), ...faultsOfSurroundings(options)];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'a list of revocations cannot be made');
  return new EntriesByKind({ clock: systemClock, ...options });
}

class EntriesByKind implements RevocationList {
  // In each, entries stand in the order in which they leave.
  readonly #session: Entries = new Map();
  readonly #token: Entries = new Map();
  readonly #subject: Entries = new Map();
  readonly #client: Entries = new Map();
  readonly #key: Entries = new Map();
  /** One entry at most, under the empty id. */
  readonly #all: Entries = new Map();
  readonly #options: Required<RevocationListOptions>;
  readonly #listeners = new Set<(revocation: Revocation) => void>();
  readonly #completed = Promise.withResolvers<void>();
  /** Those of the current second, by what they say. */
  readonly #shared: Entries = new Map();
  #second = Number.NEGATIVE_INFINITY;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #revision = 0;

  constructor(options: Required<RevocationListOptions>) {
    this.#options = options;
  }

  apply(revocations: readonly Revocation[]): void {
    this.#letLeave();
    const news = revocations.filter((revocation) => this.#add(revocation));
    if (news.length === 0) return;
    this.#revision += 1;
    for (const listener of this.#listeners) for (const revocation of news) listener(revocation);
  }

  confirm(): void {
    this.#letLeave();
    this.#confirmedAtMs = this.#options.clock.monotonicMs();
    this.#completed.resolve();
  }

  get lagSeconds(): number {
    return (this.#options.clock.monotonicMs() - this.#confirmedAtMs) / 1000;
  }

  get size(): number {
    this.#letLeave();
    return this.#kinds().reduce((sum, entries) => sum + entries.size, 0);
  }

  get revision(): number {
    return this.#revision;
  }

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

  onRevoked(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(): Promise<void> {
    return this.#completed.promise;
  }

  /** Whether it says anything new. */
  #add(revocation: Revocation): boolean {
    const { kind, reason } = revocation;
    const entries = this.#of(kind);
    const id = revocation.kind === 'all' ? '' : revocation.id;
    const before = beforeOf(revocation);
    const held = entries.get(id);
    const isNew = held === undefined || before > held.before;
    const entry = isNew ? this.#entry(before, reason) : this.#entry(held.before, held.reason);
    // Deleted first: what is set anew in a map keeps its place, and this entry now leaves last.
    if (held !== undefined && held.leavesAtMs !== entry.leavesAtMs) entries.delete(id);
    entries.set(id, entry);
    return isNew;
  }

  #entry(before: number, reason: string): Entry {
    const name = `${before} ${reason}`;
    const known = this.#shared.get(name);
    if (known) return known;
    const leavesAtMs = (this.#second + 1 + this.#options.retentionSeconds) * 1000;
    const entry = { reason, before, leavesAtMs };
    this.#shared.set(name, entry);
    return entry;
  }

  /** Once a second is enough, and in a second in which nothing leaves it looks at one entry of each kind. */
  #letLeave(): void {
    const now = this.#options.clock.monotonicMs();
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#shared.clear();
    for (const entries of this.#kinds()) {
      for (const [id, { leavesAtMs }] of entries) {
        if (leavesAtMs > now) break;
        entries.delete(id);
      }
    }
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
