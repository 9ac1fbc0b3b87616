import { SessionError } from './errors.ts';

/** Why there is no new token at the moment, as the tabs tell each other. */
export interface RenewalFailure {
  readonly code: string;
  readonly message: string;
  readonly status: number | null;
  /** How often it has failed since it last succeeded. */
  readonly attempt: number;
  /** When it failed, in milliseconds since the epoch. */
  readonly atMs: number;
  /** No request before, whoever asks. */
  readonly blockedUntilMs: number;
  /** When it is tried again unasked. */
  readonly retryAtMs: number;
}

const PAUSE_WHEN_ASKED_MS = 500;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * What follows from a failed renewal. Unasked, it is tried again after growing pauses, half of each by chance, so that
 * browsers do not come back together; asked, twice a second. Where auth-service says when (Retry-After), never before.
 *
 * The first pauses are short for another reason: if only the answer was lost, the cookie is one generation behind, and
 * auth-service overlooks that for some seconds.
 */
export function failureOf(
  error: SessionError,
  { previous, nowMs, random }: { previous: RenewalFailure | undefined; nowMs: number; random: number },
): RenewalFailure {
  const attempt = (previous?.attempt ?? 0) + 1;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  const askedMs = (error.retryAfterSeconds ?? 0) * 1000;
  const { code, message, status } = error;
  return {
    code,
    message,
    status,
    attempt,
    atMs: nowMs,
    blockedUntilMs: nowMs + (askedMs || PAUSE_WHEN_ASKED_MS),
    retryAtMs: nowMs + askedMs + (pauseMs * (1 + random)) / 2,
  };
}

/** A clock that was set back blocks nobody. */
export function isBlocked({ atMs, blockedUntilMs }: RenewalFailure, nowMs: number): boolean {
  return nowMs >= atMs && nowMs < blockedUntilMs;
}

/** What whoever needs a token is told while none may be asked for. */
export function errorOf(failure: RenewalFailure, nowMs: number): SessionError {
  const { code, message, status, blockedUntilMs } = failure;
  const retryAfterSeconds = Math.max(1, Math.ceil((blockedUntilMs - nowMs) / 1000));
  return new SessionError(code, message, { status, retryAfterSeconds });
}

/** Reads what came from another tab; undefined when it makes no sense. */
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
