/** Base class of all errors of this package. `code` is stable, the message is not. */
export class AuthClientError extends Error {
  readonly code: string;

  // Not typed as ErrorOptions: programs whose `lib` is older than es2022 do not have that type.
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The code in the answer. `missing_token` appears in the body only: its challenge carries no error code. */
export type AuthErrorCode =
  | 'missing_token'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_user_authentication'
  | 'insufficient_scope'
  | 'user_required'
  | 'actor_not_allowed'
  | 'proof_store_unavailable'
  | 'key_set_unavailable'
  | 'revocations_stale';

const statusOf: Record<AuthErrorCode, number> = {
  missing_token: 401,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  user_required: 403,
  actor_not_allowed: 403,
  proof_store_unavailable: 503,
  key_set_unavailable: 503,
  revocations_stale: 503,
};

const messageOf: Record<AuthErrorCode, string> = {
  missing_token: 'This resource needs an access token',
  invalid_token: 'The access token is malformed, expired, revoked or not meant for this service',
  invalid_dpop_proof: 'The request does not prove that its sender has the key of the access token',
  use_dpop_nonce: 'The proof needs the nonce of the DPoP-Nonce header',
  insufficient_user_authentication: 'The sign-in is too long ago for this: the person must sign in again',
  insufficient_scope: 'The access token lacks a scope that this resource needs',
  user_required: 'This resource is for people: a service cannot use it in its own name',
  actor_not_allowed: 'The service that acts for the person may not use this resource',
  proof_store_unavailable: 'This service cannot find out at the moment whether the proof was used before',
  key_set_unavailable: 'This service has no current signing keys to verify access tokens with',
  revocations_stale: 'This service does not know at the moment which access tokens were revoked recently',
};

export type AuthErrorDetails = {
  /** Names the failed check ('aud', 'signature', …) for the service's own log; never sent to the caller. */
  reason?: string;
  /** Response headers: WWW-Authenticate, Retry-After. */
  headers?: Readonly<Record<string, string>>;
  /** Further members of the body (RFC 9457 §3.2), such as `reason`: why the token was revoked. */
  extensions?: Readonly<Record<string, string>>;
  cause?: unknown;
};

/**
 * A refused request: 401, 403 or 503.
 *
 * The message is one fixed sentence per code. It contains nothing of the token, its claims or the keys, so it can be
 * shown. `reason` names the failed check and belongs in logs, not in answers. For a revoked token, `extensions` tells
 * the caller why it was revoked.
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

/** A bad token; `reason` names the check that it failed. */
export function invalidToken(reason: string, cause?: unknown): AuthError {
  return new AuthError('invalid_token', { reason, cause });
}

/** A good token that was revoked before it expired. The caller is told `why`. */
export function revokedToken(why: string): AuthError {
  return new AuthError('invalid_token', { reason: `revoked: ${why}`, extensions: { reason: why } });
}

/** Any error while a token is examined refuses the token: none may end in a 500 or a 200. */
export function asAuthError(error: unknown): AuthError {
  return error instanceof AuthError ? error : invalidToken('unexpected', error);
}
