/** The subscriber's timeouts and delays, in milliseconds. */
export type FeedPace = {
  /** Timeout for an access token, and for the feed's answer. Short, so that a feed that is back is found soon. */
  answerMs: number;
  /** Without a byte for this long, the connection counts as dead. Heartbeats come every 5 s. */
  silenceMs: number;
  /** Delay before the feed is opened again; doubles with each failure in a row, up to the longest. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** A connection that was complete for this long resets the count of failures. */
  steadyMs: number;
};

/** Finds the feed within 2 s of its return: an attempt under way fails after 1 s, and the next follows 0.5 s later. */
export const standardPace: FeedPace = {
  answerMs: 1000,
  silenceMs: 12_000,
  firstDelayMs: 100,
  maxDelayMs: 500,
  steadyMs: 5000,
};

/** The delay after this many failures in a row. Half of it is random, so that replicas do not reconnect together. */
export function reopenDelayMs(
  failures: number,
  {
    firstDelayMs,
    maxDelayMs,
    random = Math.random(),
  }: Pick<FeedPace, 'firstDelayMs' | 'maxDelayMs'> & {
    random?: number;
  },
): number {
  return Math.min(firstDelayMs * 2 ** failures, maxDelayMs) * (0.5 + random / 2);
}
