/**
 * How often may be guessed. Every limit is a number of failures that may come at once, and the time over which that
 * many are forgiven again, evenly: 10 in 15 minutes means ten at once, then one every 90 seconds.
 */

export type AttemptLimit = {
  readonly most: number;
  readonly windowMs: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Failures for one user name from one network. The only limit that holds where the person is known to sign in. */
export const NAME_AND_NETWORK: AttemptLimit = { most: 10, windowMs: 15 * MINUTE_MS };

/** Failures from one network, over all user names. Many people can share one network. */
export const NETWORK: AttemptLimit = { most: 100, windowMs: 15 * MINUTE_MS };

/** Failures for one user name from all unfamiliar networks together: for guesses that come from everywhere. */
export const NAME_FROM_UNFAMILIAR_NETWORKS: AttemptLimit = { most: 30, windowMs: 60 * MINUTE_MS };

/** Accounts asked for from one network, made or not. */
export const REGISTRATION: AttemptLimit = { most: 100, windowMs: 60 * MINUTE_MS };

/** How long a network stays familiar after a sign-in from there. */
export const FAMILIAR_FOR_MS = 30 * DAY_MS;

/** A refusal is recorded in the audit log once in this time for each name and network: refusing costs us nothing. */
export const REPORT_REFUSALS_EVERY_MS = MINUTE_MS;

/** The milliseconds that one failure takes to be forgiven. */
export function forgivenessMs({ most, windowMs }: AttemptLimit): number {
  return windowMs / most;
}
