export interface SessionErrorDetails {
  /** HTTP status of the answer; null, the default: there was none. */
  status?: number | null;
  retryAfterSeconds?: number | undefined;
  /** Why the session, or the token, is no good any more, as auth-service says it. */
  reason?: string | null;
  /** Who did not answer, or with a redirect. */
  origin?: string | undefined;
  cause?: unknown;
}

/**
 * What could not be done with the session.
 *
 * `code` is stable, the message is not. It is auth-service's own (`invalid_credentials`, `too_many_attempts`, …; `cross_site`:
 * page and auth-service have to be of one site, or the browser keeps no cookie, RFC 6265bis §5.2) or one of:
 *
 * - `unreachable`: no answer · `redirected`: the answer leads elsewhere, where no token goes · `unexpected_answer`: it
 *   cannot be read
 * - `signed_out`: nobody is signed in · `session_changed`: somebody else is, meanwhile
 * - `origin_not_allowed`: the address is not one that may be sent the token · `invalid_options` · `closed`
 *
 * No token and no password is in it.
 *
 * @example
 * if (error instanceof SessionError && error.code === 'unreachable') show('Try again in a moment.');
 */
export class SessionError extends Error {
  readonly code: string;
  /** HTTP status of the answer; null: there was none. */
  readonly status: number | null;
  readonly reason: string | null;
  /** After how long it may be tried again. */
  declare readonly retryAfterSeconds?: number;
  /** Who did not answer, or with a redirect; absent when that is known from an earlier attempt alone. */
  declare readonly origin?: string;

  constructor(code: string, message: string, details: SessionErrorDetails = {}) {
    const { status = null, retryAfterSeconds, reason = null, origin, cause } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SessionError';
    this.code = code;
    this.status = status;
    this.reason = reason;
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = retryAfterSeconds;
    if (origin !== undefined) this.origin = origin;
  }
}

export function closed(): SessionError {
  return new SessionError('closed', 'The session object was closed.');
}

export function signedOut(reason: string | null = null): SessionError {
  return new SessionError('signed_out', 'Nobody is signed in.', { reason });
}
