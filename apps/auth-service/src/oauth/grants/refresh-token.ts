import type { ResourceUrls } from '../../permissions/resource-urls.ts';
import { type RefreshingParts, RefreshRefusedError, refreshTokens } from '../../sessions/refreshing.ts';
import { sessionAnswerOf } from '../../sessions/token-answer.ts';
import { TokenError } from '../token-error.ts';
import { askedScopes, askedTarget, type Grant } from './grant.ts';

/** grant_type refresh_token (RFC 6749 §6), for clients that keep the token themselves. */
export function createRefreshTokenGrant(
  parts: RefreshingParts & { readonly resourceUrls: ResourceUrls },
): Grant {
  return async ({ client, parameters, origin, proven }) => {
    if (client.kind === 'browser') {
      throw new TokenError(
        'unauthorized_client',
        'This client refreshes at POST /sessions/refresh, with its cookie.',
      );
    }
    if (client.kind === 'service')
      throw new TokenError('unauthorized_client', 'Services have no refresh tokens.');
    const { refresh_token: refreshToken } = parameters;
    if (refreshToken === undefined)
      throw new TokenError('invalid_request', 'The parameter refresh_token is missing.');
    const scopes = askedScopes(parameters);
    const target = askedTarget(parameters, parts.resourceUrls);
    try {
      const tokens = await refreshTokens(parts, { refreshToken, client, scopes, target, origin, proven });
      return sessionAnswerOf(tokens, client);
    } catch (error) {
      throw error instanceof RefreshRefusedError ? asTokenError(error) : error;
    }
  };
}

/** The description is the same for every session that is over. `reason` is set when it was ended or lost. */
function asTokenError({ code, reason }: RefreshRefusedError): TokenError {
  if (code === 'foreign_key')
    return new TokenError(
      'invalid_dpop_proof',
      'This refresh token is bound to a key. Prove that you have it.',
    );
  if (code === 'target_not_granted')
    return new TokenError('invalid_target', 'The session has no scope of this resource.');
  return code === 'scope_not_granted'
    ? new TokenError('invalid_scope', 'The session was not granted this scope.')
    : new TokenError('invalid_grant', 'The refresh token is no longer valid. Sign in again.', { reason });
}
