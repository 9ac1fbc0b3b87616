import { AuthClientError } from '../errors.ts';

/** `insufficient_user_authentication`: the other service requires a more recent sign-in (RFC 9470). */
export type HopErrorCode =
  | 'hop_unavailable'
  | 'hop_refused'
  | 'hop_failed'
  | 'hop_timeout'
  | 'insufficient_user_authentication';

/**
 * The fate of the request: it was not sent; the other service answered that it did not carry it out; or unknown, so it
 * may have been carried out.
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
  hop_refused: (hop) => `${hop} may not be used on this person’s behalf for this.`,
  hop_failed: (hop) => `${hop} gave no usable answer.`,
  hop_timeout: (hop) => `${hop} did not answer in time.`,
  insufficient_user_authentication: (hop) => `${hop} requires a more recent sign-in.`,
};

export type HopErrorDetails = {
  /** The service that was to be called. */
  hop: string;
  outcome: HopOutcome;
  /** What happened, for this service's log; never sent to the caller. */
  reason: string;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
};

/**
 * A failed call to another service on the person's behalf. The message is one fixed sentence per code. It names the
 * other service and contains nothing of its answer, so it can be shown to the caller.
 */
export class HopError extends AuthClientError {
  declare readonly code: HopErrorCode;
  readonly status: number;
  /** Headers for the answer: Retry-After, WWW-Authenticate. */
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

const maxRetryAfterSeconds = 60;

/** Retry-After for our caller: the other service's value in seconds, limited to 1 to 60; without one, 1. */
export function retryAfterOf(response?: Response): Record<string, string> {
  const given = response?.headers.get('retry-after') ?? '';
  const seconds = /^\d{1,4}$/.test(given) ? Number(given) : 1;
  return { 'retry-after': String(Math.min(Math.max(seconds, 1), maxRetryAfterSeconds)) };
}
