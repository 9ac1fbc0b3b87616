export type SessionErrorDetails = {
  /** HTTP status of the answer; null, the default, if there was none. */
  status?: number | null;
  retryAfterSeconds?: number | undefined;
  /** Why the session or the token is no longer valid, in auth-service's words. */
  reason?: string | null;
  /** The origin that did not answer, or answered with a redirect. */
  origin?: string | undefined;
  cause?: unknown;
};

/**
 * A failed operation of the session.
 *
 * `code` is stable, the message is not. It is auth-service's own (`invalid_credentials`, `too_many_attempts`, …) or one
 * of those below. `cross_site` means that the browser would not keep auth-service's cookie (RFC 6265bis §5.2): page and
 * auth-service are not same-site, or the page is in a frame of another site.
 *
 * - `unreachable`: no answer · `redirected`: the answer is a redirect, which is not followed · `unexpected_answer`: the
 *   answer cannot be read
 * - `signed_out`: nobody is signed in · `session_changed`: another person has signed in meanwhile
 * - `sign_in_lost`, `storage_blocked`, `insecure_context`: see `beginSignIn` and `completeSignIn`, which also reject with
 *   the codes of RFC 6749 §4.1.2.1 (`access_denied`, …)
 * - `unsupported`: a page with a vault cannot do this itself
 * - `origin_not_allowed`: the token may not be sent to this address · `invalid_options` · `closed`
 *
 * Contains no token and no password.
 *
 * @example
 * if (error instanceof SessionError && error.code === 'unreachable') show('Try again in a moment.');
 */
export class SessionError extends Error {
  readonly code: string;
  /** HTTP status of the answer; null if there was none. */
  readonly status: number | null;
  readonly reason: string | null;
  /** How long to wait before trying again. */
  declare readonly retryAfterSeconds?: number;
  /**
   * The origin that did not answer, or answered with a redirect; absent when an earlier attempt failed, not this one.
   */
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
