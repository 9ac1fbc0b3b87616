/**
 * The limits on guessing. Each limit is a number of failures that may happen at once, and the time over which that many
 * are forgiven evenly: 10 in 15 minutes means ten at once, then one every 90 seconds.
 */

export type AttemptLimit = {
  readonly most: number;
  readonly windowMs: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Failures for one user name from one network. The only limit that applies in a network that is familiar for the name.
 */
export const NAME_AND_NETWORK: AttemptLimit = { most: 10, windowMs: 15 * MINUTE_MS };

/** Failures from one network, over all user names. Many people can share one network. */
export const NETWORK: AttemptLimit = { most: 100, windowMs: 15 * MINUTE_MS };

/** Failures for one user name from all unfamiliar networks together, against distributed guessing. */
export const NAME_FROM_UNFAMILIAR_NETWORKS: AttemptLimit = { most: 30, windowMs: 60 * MINUTE_MS };

/** Registrations from one network, successful or not. */
export const REGISTRATION: AttemptLimit = { most: 100, windowMs: 60 * MINUTE_MS };

/** How long a network stays familiar after a sign-in from there. */
export const FAMILIAR_FOR_MS = 30 * DAY_MS;

/**
 * The audit log records refusals once in this time for each name and network, because refusals are cheap to provoke.
 */
export const REPORT_REFUSALS_EVERY_MS = MINUTE_MS;

/** The time after which one failure is forgiven, in milliseconds. */
export function forgivenessMs({ most, windowMs }: AttemptLimit): number {
  return windowMs / most;
}
