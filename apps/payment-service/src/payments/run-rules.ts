/** As much as verifiers of tokens allow. */
const maxClockSkewMs = 30_000;

/**
 * Whether a run holds its request until a time. It does not if that is further away than any run lasts: then a clock
 * that was ahead wrote it.
 */
export function isRunning(
  until: Date,
  { now, runMs }: { readonly now: number; readonly runMs: number },
): boolean {
  const leftMs = until.getTime() - now;
  return leftMs > 0 && leftMs <= runMs + maxClockSkewMs;
}
