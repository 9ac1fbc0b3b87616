import type { Revocation } from '../feed/revocation.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import { AuthClientOptionsError, faultsOfFetchAndClock, faultsOfNumbers } from '../runtime/option-checks.ts';
import { concerns } from './concerns.ts';
import { HeldRevocations } from './held-revocations.ts';

/** The properties of a token that decide whether it is revoked. Every Authentication has them. */
export type RevocableToken = {
  readonly sessionId?: string | undefined;
  readonly tokenId: string;
  readonly subject: string;
  readonly clientId: string;
  readonly issuedAt: number;
  readonly keyId: string;
};

/** The revocations that this process knows, and as of when. */
export type RevocationList = {
  /**
   * Adds revocations, in any order, repeatedly if need be. Of two for the same subject, the one that concerns more
   * tokens stays. Listeners are called after all have been added.
   */
  apply(revocations: readonly Revocation[]): void;
  /** States that the list is complete as of now: the issuer has just proved that nothing is missing. */
  confirm(): void;
  /** Whether the list has been complete at least once. Before that it may lack anything. */
  readonly hasBeenComplete: boolean;
  /** Seconds since the list was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly size: number;
  /** Grows with each new revocation. As long as it is the same, a token that was good is still good. */
  readonly revision: number;
  /**
   * Returns why the token is revoked, or undefined if the list holds no revocation of it. `goodAtRevision` is a
   * revision at which the token was not revoked: then only newer revocations are searched, unless there are many.
   */
  find(token: RevocableToken, goodAtRevision?: number): string | undefined;
  /**
   * Calls back for each revocation that is new, or concerns more tokens than the one that the list held. `apply` throws
   * what a listener throws, after adding all revocations. Returns a function that unsubscribes.
   */
  onRevoked(listener: (revocation: Revocation) => void): () => void;
  /** Resolves when the list is complete for the first time; never rejects. */
  ready(): Promise<void>;
};

export type RevocationListOptions = {
  /** How long a revocation can matter: the longest lifetime of a token plus the clock skew. */
  retentionSeconds: number;
  /** Default the system's clocks. Only the monotonic one is used. */
  clock?: Clock;
};

/** The latest revocations are kept in an array too: scanning a few is faster than lookups all over memory. */
const latestMax = 64;

/**
 * Creates an empty list of revocations. Fill it with apply and confirm.
 *
 * An entry leaves `retentionSeconds` after it was last received, at most a second later. The monotonic clock decides,
 * so setting the machine's time cannot drop an entry early. apply, confirm and size drop entries; there is no timer.
 * Entries of keys stay, because a leaked key can sign new tokens; there are few of them. Each entry takes 70 to 100
 * bytes.
 *
 * Does not check where revocations come from: apply only verified ones.
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
  const faults = [...faultsOfNumbers({ ...options }, retention), ...faultsOfFetchAndClock(options)];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'a list of revocations cannot be made');
  return new ListInMemory({ clock: systemClock, ...options });
}

class ListInMemory implements RevocationList {
  readonly #clock: Clock;
  readonly #held: HeldRevocations;
  readonly #listeners = new Set<(revocation: Revocation) => void>();
  readonly #completed = Promise.withResolvers<void>();
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  /** How many new revocations there have been. */
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
