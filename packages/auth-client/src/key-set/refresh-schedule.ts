const minRefreshSeconds = 1;
const maxRefreshSeconds = 3600;
const defaultRefreshSeconds = 60;
const firstRetryMs = 1000;
const lastRetryMs = 30_000;
const lastFirstRetryMs = 5000;

/**
 * When to fetch again after a success: as long as the answer said it is fresh (60 s when it did not say), within 1 s
 * and 1 h, and early enough that one failure does not make the keys too old. Up to a tenth earlier, at random, so that
 * replicas that started together do not ask together.
 */
export function refreshDelayMs(
  maxAgeSeconds = defaultRefreshSeconds,
  { maxStaleSeconds, random = Math.random() }: { maxStaleSeconds: number; random?: number },
): number {
  const seconds = Math.min(
    Math.max(maxAgeSeconds, minRefreshSeconds),
    maxRefreshSeconds,
    maxStaleSeconds / 2,
  );
  return seconds * 1000 * (1 - random / 10);
}

/**
 * When to try again after the nth failure in a row: 1 s, doubling to 30 s, or to 5 s as long as no fetch has ever
 * succeeded, since without keys the service serves nobody. Half of that up to all of it, at random.
 */
export function retryDelayMs(
  failures: number,
  { everSucceeded, random = Math.random() }: { everSucceeded: boolean; random?: number },
): number {
  const longestMs = everSucceeded ? lastRetryMs : lastFirstRetryMs;
  return Math.min(firstRetryMs * 2 ** Math.max(0, failures - 1), longestMs) * (0.5 + random / 2);
}
