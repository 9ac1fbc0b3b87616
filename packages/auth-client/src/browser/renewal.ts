import type { AuthEndpoint } from './auth-endpoint.ts';
import { SessionError } from './errors.ts';
import type { Platform } from './platform.ts';
import type { RefreshLock } from './refresh-lock.ts';
import { errorOf, failureOf, isBlocked } from './renewal-failure.ts';
import { type IssuedToken, nextVersion } from './session-fact.ts';
import type { SessionMark } from './session-mark.ts';
import type { SessionStore } from './session-store.ts';
import type { TabChannel } from './tab-channel.ts';

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
    const result = await auth.refresh().catch(asEnd);
    // Without Web Locks, another tab may have signed out or in meanwhile. This answer is to the question from before.
    if (store.fact() !== before) return;
    if (result instanceof SessionError) end(result.reason ?? reason);
    else begin(result);
  }

  /** The error that says that there is no session. All others are thrown, and kept for those who ask next. */
  function asEnd(error: unknown): SessionError {
    if (!(error instanceof SessionError)) throw error;
    if (error.status === 401 && error.code === 'session_ended') return error;
    const previous = store.failure();
    const failure = failureOf(error, { previous, nowMs: platform.now(), random: platform.random() });
    store.fail(failure);
    tabs.tellFailure(failure);
    throw error;
  }

  function refuseIfBlocked(): void {
    const failure = store.failure();
    const nowMs = platform.now();
    if (failure !== undefined && isBlocked(failure, nowMs)) throw errorOf(failure, nowMs);
  }

  function begin(token: IssuedToken): void {
    const fact = { kind: 'signed_in', version: nextVersion(store.fact(), platform.now()), ...token } as const;
    store.take(fact);
    tabs.tell(fact);
    mark.began();
  }

  function end(reason: string | null): void {
    const version = nextVersion(store.fact(), platform.now());
    store.take({ kind: 'signed_out', version, reason });
    tabs.tell({ kind: 'signed_out', version, reason });
    mark.ended();
  }

  return {
    renew(reason = null) {
      underway ??= renewOnce(reason).finally(() => {
        underway = undefined;
      });
      return underway;
    },
    renewInTurn,
    begin,
    end,
  };
}
