/** How patient the subscriber is. Milliseconds. */
export interface FeedPace {
  /** For an access token, and for the feed to answer: short, so that a line that has come back is soon found. */
  answerMs: number;
  /** Without a byte for so long, the feed is taken to be dead. Heartbeats come every 5 s. */
  silenceMs: number;
  /** Before the feed is opened again; doubles with each failure in a row, up to the longest. */
  firstDelayMs: number;
  longestDelayMs: number;
  /** Whoever could be followed for so long has not failed. */
  steadyMs: number;
}

/** Found again within 2 s of its return: what is tried when it comes back fails after 1 s, and 0.5 s later it is there. */
export const standardPace: FeedPace = {
  answerMs: 1000,
  silenceMs: 12_000,
  firstDelayMs: 100,
  longestDelayMs: 500,
  steadyMs: 5000,
};

/** How long to wait after so many failures in a row: half of it up to all of it, so that replicas do not come together. */
export function reopenDelayMs(
  failures: number,
  {
    firstDelayMs,
    longestDelayMs,
    random = Math.random(),
  }: Pick<FeedPace, 'firstDelayMs' | 'longestDelayMs'> & {
    random?: number;
  },
): number {
  return Math.min(firstDelayMs * 2 ** failures, longestDelayMs) * (0.5 + random / 2);
}
