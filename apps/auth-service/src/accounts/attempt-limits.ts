/**
 * The limits on guessing. Each limit is a number of failures that may happen at once, and the time over which that many
 * are forgiven evenly: 10 in 15 minutes means ten at once, then one every 90 seconds.
 */

export type AttemptLimit = {
  readonly most: number;
  readonly windowMs: number;
};

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * Failures for one user name from one network. The only limit that applies in a network that is familiar for the name.
 */
export const nameAndNetworkLimit: AttemptLimit = { most: 10, windowMs: 15 * minuteMs };

/** Failures from one network, over all user names. Many people can share one network. */
export const networkLimit: AttemptLimit = { most: 100, windowMs: 15 * minuteMs };

/** Failures for one user name from all unfamiliar networks together, against distributed guessing. */
export const unfamiliarNetworksLimit: AttemptLimit = { most: 30, windowMs: 60 * minuteMs };

/** Registrations from one network, successful or not. */
export const registrationLimit: AttemptLimit = { most: 100, windowMs: 60 * minuteMs };

/** Applications that register themselves from one network. */
export const clientRegistrationLimit: AttemptLimit = { most: 20, windowMs: 60 * minuteMs };

/** Authorization requests from one network that are kept while their pages are shown. */
export const authorizationLimit: AttemptLimit = { most: 200, windowMs: 10 * minuteMs };

/** How long a network stays familiar after a sign-in from there. */
export const familiarForMs = 30 * dayMs;

/**
 * The audit log records refusals once in this time for each name and network, because refusals are cheap to provoke.
 */
export const reportRefusalsEveryMs = minuteMs;

/** The time after which one failure is forgiven, in milliseconds. */
export function forgivenessMs({ most, windowMs }: AttemptLimit): number {
  return windowMs / most;
}
