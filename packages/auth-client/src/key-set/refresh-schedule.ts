const minRefreshSeconds = 1;
const maxRefreshSeconds = 3600;
const defaultRefreshSeconds = 60;
const firstRetryMs = 1000;
const lastRetryMs = 30_000;
const lastFirstRetryMs = 5000;

/**
 * When to fetch again after a success: after the answer's freshness (60 s by default), limited to 1 s to 1 h, and to
 * half of `maxStaleSeconds`, so that one failure does not make the keys too old. Up to a tenth earlier at random, so
 * that replicas that started together do not fetch together.
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
 * When to retry after the nth failure in a row: after 1 s, doubling to 30 s; to 5 s as long as no fetch has ever
 * succeeded, because without keys the service refuses every request. Half of the delay is random.
 */
export function retryDelayMs(
  failures: number,
  { everSucceeded, random = Math.random() }: { everSucceeded: boolean; random?: number },
): number {
  const maxMs = everSucceeded ? lastRetryMs : lastFirstRetryMs;
  return Math.min(firstRetryMs * 2 ** Math.max(0, failures - 1), maxMs) * (0.5 + random / 2);
}
