import type { AuthEndpoint } from './auth-endpoint.ts';
import { SessionError } from './errors.ts';
import type { Platform } from './platform.ts';
import { type RefreshLock, SIGN_OUT_PATIENCE_MS } from './refresh-lock.ts';
import { errorOf, failureOf, isBlocked } from './renewal-failure.ts';
import { type IssuedToken, nextVersion } from './session-fact.ts';
import type { SessionMark } from './session-mark.ts';
import type { SessionStore } from './session-store.ts';
import type { TabChannel } from './tab-channel.ts';

/** Less than the others' least patience, as they may have begun to wait a moment before this tab asked. */
const LATE_MS = SIGN_OUT_PATIENCE_MS / 2;

export interface RenewalParts {
  readonly store: SessionStore;
  readonly mark: SessionMark;
  readonly tabs: TabChannel;
  readonly lock: RefreshLock;
  readonly auth: AuthEndpoint;
  readonly platform: Platform;
}

export interface Renewal {
  /**
   * Gets a new token by the cookie, or finds that the session has ended: the store knows it then. One request for
   * everybody in all tabs who wants one at that time. `reason`: why the old token was refused, for an end without one.
   *
   * @throws {SessionError} it cannot be told now; what the store knows stays as it is
   */
  renew(reason?: string | null): Promise<void>;
  /** The same, for whoever has the lock. */
  renewInTurn(reason?: string | null): Promise<void>;
  /**
   * Asks auth-service, for whoever has the lock, and draws the conclusion; or, when this tab stood still meanwhile and the
   * others went on, goes by what the cookie says now.
   */
  conclude<Answer>(question: () => Promise<Answer>, conclusion: (answer: Answer) => void): Promise<void>;
  /** Goes by this token from now on, here and in the other tabs. */
  begin(token: IssuedToken): void;
  /** Goes by it that nobody is signed in, here and in the other tabs. */
  end(reason: string | null): void;
}

export function createRenewal({ store, mark, tabs, lock, auth, platform }: RenewalParts): Renewal {
  let underway: Promise<void> | undefined;

  async function renewOnce(reason: string | null): Promise<void> {
    refuseIfBlocked();
    const before = store.fact();
    await lock(async (waited) => {
      if (waited && store.fact() === before) await tabs.ask();
      if (store.fact() === before) await renewInTurn(reason);
    });
  }

  async function renewInTurn(reason: string | null = null): Promise<void> {
    // Also by what another tab has been told in its turn.
    refuseIfBlocked();
    const before = store.fact();
    const askedAtMs = platform.now();
    const [answer] = await Promise.allSettled([auth.refresh()]);
    await catchUp(askedAtMs);
    // Another tab has signed out or in, or renewed, which did not wait for this one. What came is about what was before.
    if (store.fact() !== before) return;
    if (answer.status === 'fulfilled') {
      begin(answer.value, askedAtMs);
      return mark.proven();
    }
    const error: unknown = answer.reason;
    if (!(error instanceof SessionError)) throw error;
    if (error.status !== 401 || error.code !== 'session_ended') throw fail(error);
    if (error.reason !== 'no_cookie') return end(error.reason ?? reason, askedAtMs);
    // Who was not signed in misses none. And who comes back after a long time may have had one that has expired.
    const isMissed = before?.kind === 'signed_in' || mark.isUnproven();
    end(reason ?? (isMissed ? 'no_cookie' : null), askedAtMs);
  }

  /** Whether the answer is so late that another tab may have taken this one's turn. What the others know is heard first. */
  async function catchUp(askedAtMs: number): Promise<boolean> {
    const isLate = platform.now() - askedAtMs >= LATE_MS;
    if (isLate) await tabs.ask();
    return isLate;
  }

  /** Keeps it for those who ask next, in all tabs. */
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
    async conclude(question, conclusion) {
      const before = store.fact();
      const askedAtMs = platform.now();
      const answer = await question();
      const isOutdated = (await catchUp(askedAtMs)) && store.fact() !== before;
      if (isOutdated) await renewInTurn();
      else conclusion(answer);
    },
    begin,
    end,
  };
}
