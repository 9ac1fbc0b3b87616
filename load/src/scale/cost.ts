import type { Assumptions, Measured } from './assumptions.ts';

const secondsPerDay = 86_400;

/** What so many people who are signed in cost at the busiest time of the day. */
export type Cost = {
  readonly people: number;
  readonly sessions: number;
  readonly sessionBytes: number;
  readonly refreshesPerSecond: number;
  readonly authCores: number;
  readonly redisCores: number;
  /** As many Redis masters as their memory and their one thread each ask for, whichever is more. */
  readonly redisMasters: number;
  readonly revocationsPerSecond: number;
  /** What each service holds of the last revocations. */
  readonly heldRevocations: number;
  readonly heldBytes: number;
  /** What each service receives when every revocation is an event of its own. */
  readonly bytesPerSecondToEach: number;
  readonly bytesPerSecondToAll: number;
  /** The cores that only write to the streams of all services, an event for each revocation. */
  readonly writingCores: number;
};

/**
 * Computes the cost of a number of people. Everything is proportional to it.
 *
 * @example costOf(1e6, { measured: readMeasured(), assumptions }).refreshesPerSecond
 */
export function costOf(
  people: number,
  { measured, assumptions: given }: { measured: Measured; assumptions: Assumptions },
): Cost {
  const sessions = people * given.sessionsPerPerson;
  const sessionBytes = sessions * measured.sessionBytes;
  const refreshesPerSecond = (sessions * given.activeShare) / given.refreshSeconds;
  const redisCores = (refreshesPerSecond * given.redisCommandsPerRefresh * measured.redisCommandMs) / 1000;
  const revocationsPerSecond = ((sessions * given.endsPerSessionAndDay) / secondsPerDay) * given.peakToMean;
  const heldRevocations = revocationsPerSecond * given.retentionSeconds;
  const bytesPerSecondToEach = revocationsPerSecond * (given.eventBytes + given.entryBytes);
  return {
    people,
    sessions,
    sessionBytes,
    refreshesPerSecond,
    authCores: refreshesPerSecond / measured.refreshesPerCore,
    redisCores,
    redisMasters: Math.ceil(Math.max(sessionBytes / given.redisBytes, redisCores)),
    revocationsPerSecond,
    heldRevocations,
    heldBytes: heldRevocations * measured.heldRevocationBytes,
    bytesPerSecondToEach,
    bytesPerSecondToAll: bytesPerSecondToEach * given.services,
    writingCores: (revocationsPerSecond * given.services * measured.requestMs) / 1000,
  };
}

export type Limit = {
  readonly part: string;
  /** So many people use up one of it. */
  readonly people: number;
};

/** How many people use up one unit of each part. */
export function limitsOf(of: { measured: Measured; assumptions: Assumptions }): Limit[] {
  const { measured, assumptions: given } = of;
  const each = costOf(1, of);
  const eventMs = measured.signatureMs + given.streamsPerSender * measured.requestMs;
  return [
    { part: 'one core of auth-service, by refreshes', people: 1 / each.authCores },
    { part: 'one Redis master, by its thread', people: 1 / each.redisCores },
    { part: 'one Redis master, by its memory', people: given.redisBytes / each.sessionBytes },
    {
      part: 'one sender of the feed with all its streams, one event for each revocation',
      people: 1000 / eventMs / each.revocationsPerSecond,
    },
    { part: 'a service, by 100 MB of revocations held', people: 100e6 / each.heldBytes },
  ];
}
