import { SessionError } from './errors.ts';
import type { SessionEndpoint } from './keys/keyed-endpoint.ts';
import type { Platform } from './platform.ts';
import { type RefreshLock, signOutPatienceMs } from './refresh-lock.ts';
import { errorOf, failureOf, isBlocked } from './renewal-failure.ts';
import { type IssuedToken, nextVersion } from './session-fact.ts';
import type { SessionMark } from './session-mark.ts';
import type { SessionStore } from './session-store.ts';
import { newsWaitMs, type TabChannel } from './tab-channel.ts';

/** Less than the shortest patience of other tabs, which may have begun to wait a moment before this tab's request. */
const lateMs = signOutPatienceMs / 2;

export type RenewalParts = {
  readonly store: SessionStore;
  readonly mark: SessionMark;
  readonly tabs: TabChannel;
  readonly lock: RefreshLock;
  readonly auth: Pick<SessionEndpoint, 'refresh'>;
  readonly platform: Platform;
};

export type Renewal = {
  /**
   * Gets a new token with the cookie, or finds that the session has ended, and stores the result. Concurrent callers in
   * all tabs share one request. `reason` is why the old token was refused; it is used if the end comes without a
   * reason.
   *
   * @throws {SessionError} if neither can be found out now; the store stays unchanged
   */
  renew(reason?: string | null): Promise<void>;
  /** The same for a caller that holds the lock. */
  renewInTurn(reason?: string | null): Promise<void>;
  /**
   * Sends a request and applies its answer, for a caller that holds the lock. If this tab was frozen meanwhile and
   * other tabs changed the session, it discards the answer and renews instead.
   */
  conclude<Answer>(request: () => Promise<Answer>, apply: (answer: Answer) => void): Promise<void>;
  /** Makes this the current token, here and in the other tabs. */
  begin(token: IssuedToken): void;
  /** Ends the session, here and in the other tabs. */
  end(reason: string | null): void;
};

export function createRenewal({ store, mark, tabs, lock, auth, platform }: RenewalParts): Renewal {
  let underway: Promise<void> | undefined;

  async function renewOnce(reason: string | null): Promise<void> {
    refuseIfBlocked();
    const before = store.fact();
    await lock(async (waited) => {
      // Where nothing is known, no news need come: another tab's sign-out is not believed. Tabs would wait one by one.
      if (waited && store.fact() === before) await tabs.ask(before && newsWaitMs);
      if (store.fact() === before) await renewInTurn(reason);
    });
  }

  async function renewInTurn(reason: string | null = null): Promise<void> {
    // Another tab may have recorded a failure while it held the lock.
    refuseIfBlocked();
    const before = store.fact();
    const askedAtMs = platform.now();
    const [answer] = await Promise.allSettled([auth.refresh()]);
    await catchUp(askedAtMs);
    // Another tab has signed in or out, or renewed, without waiting for this one. Our answer is out of date.
    if (store.fact() !== before) return;
    if (answer.status === 'fulfilled') {
      begin(answer.value, askedAtMs);
      return mark.proven();
    }
    const error: unknown = answer.reason;
    if (!(error instanceof SessionError)) throw error;
    if (error.status !== 401 || error.code !== 'session_ended') throw fail(error);
    if (error.reason !== 'no_cookie') return end(error.reason ?? reason, askedAtMs);
    // A missing cookie is worth reporting only if the person was signed in, or the cookie of a new session never came
    // back. After a long absence it may just have expired; without the mark, another tab has signed out, or the person
    // has deleted what this site stored.
    const isMissed = mark.isUnproven() || (before?.kind === 'signed_in' && mark.mayExist());
    end(reason ?? (isMissed ? 'no_cookie' : null), askedAtMs);
  }

  /**
   * Whether the answer is so late that another tab may have stolen the lock. If so, gets the other tabs' state first.
   */
  async function catchUp(askedAtMs: number): Promise<boolean> {
    const isLate = platform.now() - askedAtMs >= lateMs;
    if (isLate) await tabs.ask();
    return isLate;
  }

  /** Records the failure for the next callers, in all tabs. */
  function fail(error: SessionError): SessionError {
    const previous = store.failure();
    const failure = failureOf(error, { previous, nowMs: platform.now(), random: platform.random() });
    store.fail(failure);
    tabs.tellFailure(failure);
    return error;
  }

  function refuseIfBlocked(): void {
    const failure = store.failure();
    const nowMs = platform.now();
    if (failure !== undefined && isBlocked(failure, nowMs)) throw errorOf(failure, nowMs);
  }

  function begin(token: IssuedToken, atMs = platform.now()): void {
    const fact = { kind: 'signed_in', version: nextVersion(store.fact(), atMs), ...token } as const;
    store.take(fact);
    tabs.tell(fact);
  }

  function end(reason: string | null, atMs = platform.now()): void {
    const version = nextVersion(store.fact(), atMs);
    store.take({ kind: 'signed_out', version, reason });
    tabs.tell({ kind: 'signed_out', version, reason });
  }

  return {
    renew(reason = null) {
      underway ??= renewOnce(reason).finally(() => {
        underway = undefined;
      });
      return underway;
    },
    renewInTurn,
    async conclude(request, apply) {
      const before = store.fact();
      const askedAtMs = platform.now();
      const answer = await request();
      const isOutdated = (await catchUp(askedAtMs)) && store.fact() !== before;
      if (isOutdated) await renewInTurn();
      else apply(answer);
    },
    begin,
    end,
  };
}
