import type { Platform, Wake } from './platform.ts';
import type { SessionMark } from './session-mark.ts';
import type { SessionStore } from './session-store.ts';

/** The shortest pause: the short-lived tokens of a session's last seconds must not cause a burst of renewals. */
const minPauseMs = 500;

/** The longest delay of browser timers: 2^31 − 1 ms. */
const maxPauseMs = 2_147_483_647;

/** Spreads the retries of the tabs after a shared failure. */
const maxSpreadMs = 500;

export type RenewalSchedule = {
  /** Whether the current token should be renewed by now. */
  isDue(): boolean;
  close(): void;
};

export type RenewalScheduleOptions = {
  readonly store: SessionStore;
  readonly mark: SessionMark;
  readonly platform: Platform;
  readonly renew: () => Promise<void>;
};

/**
 * Renews the token at about 80 % of its life, at a slightly different time in each tab, so that the first tab does it
 * for all. Also renews when a retry is due after a failure, and when a page whose timers were suspended becomes
 * visible.
 */
export function scheduleRenewal({ store, mark, platform, renew }: RenewalScheduleOptions): RenewalSchedule {
  const share = 0.75 + 0.1 * platform.random();
  const spreadMs = maxSpreadMs * platform.random();
  let cancel = (): void => {};
  let isOpen = true;

  /** Milliseconds since the epoch. */
  function dueAtMs(): number {
    const fact = store.fact();
    const failure = store.failure();
    if (fact?.kind === 'signed_out') return Number.POSITIVE_INFINITY;
    if (failure !== undefined) return failure.retryAtMs + spreadMs;
    if (fact === undefined) return Number.POSITIVE_INFINITY;
    return fact.expiresAtMs - fact.lifetimeMs * (1 - share);
  }

  const isDue = (): boolean => platform.now() >= dueAtMs();

  function renewUnasked(): void {
    // Calls that need the token get the error when they ask for it.
    renew()
      .catch(() => {})
      .finally(arm);
  }

  function arm(): void {
    cancel();
    const dueInMs = dueAtMs() - platform.now();
    if (!isOpen || dueInMs === Number.POSITIVE_INFINITY) return;
    cancel =
      dueInMs > maxPauseMs
        ? platform.setTimer(arm, maxPauseMs)
        : platform.setTimer(renewUnasked, Math.max(dueInMs, minPauseMs));
  }

  function wake(reason: Wake): void {
    const isSignedOut = store.fact()?.kind === 'signed_out';
    if (isSignedOut && (reason !== 'thawed' || !mark.mayExist())) return;
    // A page in the back-forward cache has missed the other tabs' messages.
    if (reason === 'thawed' || isDue() || (reason === 'online' && store.failure() !== undefined))
      renewUnasked();
  }

  const unsubscribe = store.subscribe(arm);
  const sleep = platform.onWake(wake);
  return {
    isDue,
    close() {
      isOpen = false;
      cancel();
      unsubscribe();
      sleep();
    },
  };
}
