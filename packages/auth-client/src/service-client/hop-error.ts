import { AuthClientError } from '../errors.ts';

/** `insufficient_user_authentication`: the other service wants a more recent sign-in (RFC 9470); the user can give it. */
export type HopErrorCode =
  | 'hop_unavailable'
  | 'hop_refused'
  | 'hop_failed'
  | 'hop_timeout'
  | 'insufficient_user_authentication';

/**
 * What became of the request: it was not sent; the other service answered that it did not do it; or nobody knows, and
 * it may have been done.
 */
export type HopOutcome = 'not_sent' | 'refused' | 'unknown';

const statusOf: Record<HopErrorCode, number> = {
  hop_unavailable: 503,
  hop_refused: 403,
  hop_failed: 502,
  hop_timeout: 504,
  insufficient_user_authentication: 401,
};

const sentenceOf: Record<HopErrorCode, (hop: string) => string> = {
  hop_unavailable: (hop) => `${hop} cannot be reached. Try again shortly.`,
  hop_refused: (hop) => `${hop} may not be used on this user’s behalf for this.`,
  hop_failed: (hop) => `${hop} gave no usable answer.`,
  hop_timeout: (hop) => `${hop} did not answer in time.`,
  insufficient_user_authentication: (hop) => `${hop} wants a more recent sign-in.`,
};

export interface HopErrorDetails {
  /** The service that was to be called. */
  hop: string;
  outcome: HopOutcome;
  /** What happened, for this service's log; never sent to the caller. */
  reason: string;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/**
 * Another service could not be used on the user's behalf. Shown to the caller it names the other service and says
 * nothing of what that answered: one fixed sentence for each code.
 */
export class HopError extends AuthClientError {
  declare readonly code: HopErrorCode;
  readonly status: number;
  /** For the answer: Retry-After, WWW-Authenticate. */
  readonly headers: Readonly<Record<string, string>>;
  readonly hop: string;
  readonly outcome: HopOutcome;
  readonly reason: string;
  /** The message may be shown whatever the status is. */
  readonly expose = true;
  /** Further members for a problem document (RFC 9457 §3.2). */
  readonly extensions: Readonly<{ hop: string }>;

  constructor(
    code: HopErrorCode,
    { hop, outcome, reason, status = statusOf[code], headers = {}, cause }: HopErrorDetails,
  ) {
    super(code, sentenceOf[code](hop), cause === undefined ? undefined : { cause });
    this.status = status;
    this.headers = headers;
    this.hop = hop;
    this.outcome = outcome;
    this.reason = reason;
    this.extensions = { hop };
  }
}

const longestRetryAfterSeconds = 60;

/** Retry-After for our caller: what the other side asked for, if that is a small number of seconds, else one second. */
export function retryAfterOf(response?: Response): Record<string, string> {
  const given = response?.headers.get('retry-after') ?? '';
  const seconds = /^\d{1,4}$/.test(given) ? Number(given) : 1;
  return { 'retry-after': String(Math.min(Math.max(seconds, 1), longestRetryAfterSeconds)) };
}
