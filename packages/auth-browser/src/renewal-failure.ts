import { SessionError } from './errors.ts';

/** Why there is no new token at the moment. Tabs share it. */
export type RenewalFailure = {
  readonly code: string;
  readonly message: string;
  readonly status: number | null;
  /** Failures since the last success. */
  readonly attempt: number;
  /** When it failed, in milliseconds since the epoch. */
  readonly atMs: number;
  /** No request is sent before this time. */
  readonly blockedUntilMs: number;
  /** When the schedule tries again. */
  readonly retryAtMs: number;
};

const pauseWhenAskedMs = 500;
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/**
 * The retry times after a failed renewal. The schedule retries after growing pauses; half of each is random, so that
 * browsers do not come back together. Calls that need a token retry at most twice a second. Nothing retries before
 * Retry-After.
 *
 * The first pauses are short because, if only the answer was lost, the cookie is one generation old, and auth-service
 * accepts that for some seconds.
 */
export function failureOf(
  error: SessionError,
  { previous, nowMs, random }: { previous: RenewalFailure | undefined; nowMs: number; random: number },
): RenewalFailure {
  const attempt = (previous?.attempt ?? 0) + 1;
  const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), maxPauseMs);
  const askedMs = (error.retryAfterSeconds ?? 0) * 1000;
  const { code, message, status } = error;
  return {
    code,
    message,
    status,
    attempt,
    atMs: nowMs,
    blockedUntilMs: nowMs + (askedMs || pauseWhenAskedMs),
    retryAtMs: nowMs + askedMs + (pauseMs * (1 + random)) / 2,
  };
}

/** Whether requests are blocked. They are not if the clock was set back to before the failure. */
export function isBlocked({ atMs, blockedUntilMs }: RenewalFailure, nowMs: number): boolean {
  return nowMs >= atMs && nowMs < blockedUntilMs;
}

/** The error for calls that need a token while no request may be sent. */
export function errorOf(failure: RenewalFailure, nowMs: number): SessionError {
  const { code, message, status, blockedUntilMs } = failure;
  const retryAfterSeconds = Math.max(1, Math.ceil((blockedUntilMs - nowMs) / 1000));
  return new SessionError(code, message, { status, retryAfterSeconds });
}

/** Reads a failure from another tab; undefined if it is malformed. */
export function parseFailure(value: unknown): RenewalFailure | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, status, attempt, atMs, blockedUntilMs, retryAtMs } = value as Record<
    string,
    unknown
  >;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  if (status !== null && typeof status !== 'number') return undefined;
  if (typeof attempt !== 'number' || typeof atMs !== 'number') return undefined;
  if (typeof blockedUntilMs !== 'number' || typeof retryAtMs !== 'number') return undefined;
  return { code, message, status, attempt, atMs, blockedUntilMs, retryAtMs };
}
