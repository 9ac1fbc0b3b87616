import type { Platform, Wake } from './platform.ts';
import type { SessionMark } from './session-mark.ts';
import type { SessionStore } from './session-store.ts';

/** No token lives shorter than this for the schedule: those of a session's last seconds would be renewed in a rush. */
const LEAST_PAUSE_MS = 500;

/** Timers of browsers know no longer time: 2^31 − 1 ms. */
const LONGEST_PAUSE_MS = 2_147_483_647;

/** How far apart tabs come back after a failure that all have been told of. */
const SPREAD_MS = 500;

export interface RenewalSchedule {
  /** Whether the token that there is should be renewed by now. */
  isDue(): boolean;
  close(): void;
}

export interface RenewalScheduleOptions {
  readonly store: SessionStore;
  readonly mark: SessionMark;
  readonly platform: Platform;
  readonly renew: () => Promise<void>;
}

/**
 * Renews the token at about 80 % of its life, each tab at another moment, so that the first one does it for all; after a
 * failure when it is time to try again; and when a page is looked at again whose timers slept.
 */
export function scheduleRenewal({ store, mark, platform, renew }: RenewalScheduleOptions): RenewalSchedule {
  const share = 0.75 + 0.1 * platform.random();
  const spreadMs = SPREAD_MS * platform.random();
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
    // Who needs the token is told when they ask for it.
    renew()
      .catch(() => {})
      .finally(arm);
  }

  function arm(): void {
    cancel();
    const dueInMs = dueAtMs() - platform.now();
    if (!isOpen || dueInMs === Number.POSITIVE_INFINITY) return;
    cancel =
      dueInMs > LONGEST_PAUSE_MS
        ? platform.setTimer(arm, LONGEST_PAUSE_MS)
        : platform.setTimer(renewUnasked, Math.max(dueInMs, LEAST_PAUSE_MS));
  }

  function wake(reason: Wake): void {
    const isSignedOut = store.fact()?.kind === 'signed_out';
    if (isSignedOut && (reason !== 'thawed' || !mark.mayExist())) return;
    // A page out of the back-forward cache has heard nothing of what the other tabs said.
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
