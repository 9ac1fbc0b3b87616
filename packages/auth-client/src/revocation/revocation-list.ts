import { type Clock, systemClock } from '../runtime/clock.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import { AuthClientOptionsError, faultsOfNumbers, faultsOfSurroundings } from '../runtime/option-checks.ts';
import { concerns } from './concerns.ts';
import { HeldRevocations } from './held-revocations.ts';
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
  /** Whether the list has been complete at least once. Before that it may lack anything. */
  readonly hasBeenComplete: boolean;
  /** Seconds since the list was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly size: number;
  /** Grows whenever a token may be revoked that was not: as long as it is the same, no answer has turned bad. */
  readonly revision: number;
  /**
   * Why the token is revoked, or undefined if it is not, as far as is known here. `goodAtRevision` is one at which it was
   * not: then only what has come since is looked at, unless that is much.
   */
  find(token: RevocableToken, goodAtRevision?: number): string | undefined;
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

/** The latest are kept besides: to go through a few is quicker than to look up all, which are all over memory. */
const latestMax = 64;

/**
 * An empty list of revocations. It does nothing by itself: whoever has it feeds it, by apply and confirm.
 *
 * An entry leaves when it was last received `retentionSeconds` ago, at most a second later, by the monotonic clock, so
 * that no setting of the machine's time has it leave earlier. That is done in apply, confirm and size; there is no timer.
 * Those of keys stay, because a key that leaked signs new tokens: they are as few as the keys that operators revoke.
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
  checkRuntime();
  const retention = { retentionSeconds: { standard: undefined, min: 1, max: 172_800 } };
  const faults = [...faultsOfNumbers({ ...options }, retention), ...faultsOfSurroundings(options)];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'a list of revocations cannot be made');
  return new ListInMemory({ clock: systemClock, ...options });
}

class ListInMemory implements RevocationList {
  readonly #clock: Clock;
  readonly #held: HeldRevocations;
  readonly #listeners = new Set<(revocation: Revocation) => void>();
  readonly #completed = Promise.withResolvers<void>();
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  /** How many there have been that were news. */
  #revision = 0;
  #latest: readonly Revocation[] = [];

  constructor({ retentionSeconds, clock }: Required<RevocationListOptions>) {
    this.#clock = clock;
    this.#held = new HeldRevocations(retentionSeconds);
  }

  apply(revocations: readonly Revocation[]): void {
    this.#held.moveTo(this.#clock.monotonicMs());
    const news = revocations.filter((revocation) => this.#held.add(revocation));
    if (news.length === 0) return;
    this.#revision += news.length;
    this.#latest = [...this.#latest, ...news].slice(-latestMax);
    for (const listener of this.#listeners) for (const revocation of news) listener(revocation);
  }

  confirm(): void {
    const now = this.#clock.monotonicMs();
    this.#held.moveTo(now);
    this.#confirmedAtMs = now;
    this.#completed.resolve();
  }

  get hasBeenComplete(): boolean {
    return this.#confirmedAtMs !== Number.NEGATIVE_INFINITY;
  }

  get lagSeconds(): number {
    return (this.#clock.monotonicMs() - this.#confirmedAtMs) / 1000;
  }

  get size(): number {
    this.#held.moveTo(this.#clock.monotonicMs());
    return this.#held.size;
  }

  get revision(): number {
    return this.#revision;
  }

  find(token: RevocableToken, goodAtRevision = Number.NEGATIVE_INFINITY): string | undefined {
    const missed = this.#revision - goodAtRevision;
    if (missed > this.#latest.length) return this.#held.find(token);
    for (let index = this.#latest.length - missed; index < this.#latest.length; index += 1) {
      const revocation = this.#latest[index];
      if (revocation && concerns(revocation, token)) return revocation.reason;
    }
    return undefined;
  }

  onRevoked(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(): Promise<void> {
    return this.#completed.promise;
  }
}
