/** Every error of this package is one of these; `code` is stable, the message is not. */
export class AuthClientError extends Error {
  readonly code: string;

  // ErrorOptions by another name: a program whose lib is older than es2022 has none.
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What a refused request is told. `missing_token` appears in the body only: its challenge carries no error code. */
export type AuthErrorCode =
  | 'missing_token'
  | 'invalid_token'
  | 'insufficient_user_authentication'
  | 'insufficient_scope'
  | 'user_required'
  | 'actor_not_allowed'
  | 'key_set_unavailable'
  | 'revocations_stale';

const statusOf: Record<AuthErrorCode, number> = {
  missing_token: 401,
  invalid_token: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  user_required: 403,
  actor_not_allowed: 403,
  key_set_unavailable: 503,
  revocations_stale: 503,
};

const messageOf: Record<AuthErrorCode, string> = {
  missing_token: 'This resource needs an access token',
  invalid_token: 'The access token is malformed, expired, revoked or not meant for this service',
  insufficient_user_authentication: 'The sign-in is too long ago for this: the user must sign in again',
  insufficient_scope: 'The access token lacks a scope that this resource needs',
  user_required: 'This resource is for people: a service cannot use it in its own name',
  actor_not_allowed: 'This resource is not open to who acts for the user here',
  key_set_unavailable: 'No current signing keys are at hand to verify access tokens with',
  revocations_stale: 'It is not known here at the moment which access tokens have been revoked lately',
};

export interface AuthErrorDetails {
  /** Names the failed check for the service's own log ('audience', 'signature', …); never sent to the caller. */
  reason?: string;
  /** Response headers: WWW-Authenticate, Retry-After. */
  headers?: Readonly<Record<string, string>>;
  /** Further members of the body (RFC 9457 §3.2): `reason`, why the token was revoked. */
  extensions?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/**
 * A request that may not pass: 401, 403 or 503.
 *
 * The message is one fixed sentence per code, so it can be shown: nothing of the token, its claims or the keys is in
 * it. `reason` says which check failed and belongs in logs, not in answers. Only of a revoked token the caller is told
 * more, in `extensions`: why it was revoked.
 */
export class AuthError extends AuthClientError {
  declare readonly code: AuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, string>>;
  readonly reason: string;

  constructor(
    code: AuthErrorCode,
    { reason = code, headers = {}, extensions = {}, cause }: AuthErrorDetails = {},
  ) {
    super(code, messageOf[code], cause === undefined ? undefined : { cause });
    this.status = statusOf[code];
    this.headers = headers;
    this.extensions = extensions;
    this.reason = reason;
  }
}

/** A bad token, by the check that it failed. */
export function invalidToken(reason: string, cause?: unknown): AuthError {
  return new AuthError('invalid_token', { reason, cause });
}

/** A good token that was revoked before it expired; `why` is told to whoever presents it. */
export function revokedToken(why: string): AuthError {
  return new AuthError('invalid_token', { reason: `revoked: ${why}`, extensions: { reason: why } });
}

/** Whatever is thrown while a token is examined refuses the token: nothing may fall through to a 500, or a 200. */
export function asAuthError(error: unknown): AuthError {
  return error instanceof AuthError ? error : invalidToken('unexpected', error);
}
