import { isRole, scopesOf } from '../accounts/roles.ts';
import type { SessionGrant } from '../sessions/session.ts';
import type { AccessTokenIssuer, AccessTokenLimits } from './access-token.ts';
import { personClaims } from './claims.ts';
import { narrowScopes } from './scope.ts';
import { TokenError } from './token-error.ts';

/** RFC 6749 §5.1, in the words of our own code. */
export type IssuedTokens = {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  readonly sessionId: string;
  readonly refreshToken: string;
  /** The session's absolute expiry, in milliseconds since the epoch. */
  readonly sessionExpiresAt: number;
};

/** The scopes of a session's tokens: what its roles allow now, within what its sign-in asked for. */
export function scopesOfGrant(grant: Pick<SessionGrant, 'roles' | 'scopes'>): readonly string[] {
  // A role that this version does not know any more allows nothing.
  const allowed = scopesOf(grant.roles.filter(isRole));
  return grant.scopes === undefined ? allowed : allowed.filter((scope) => grant.scopes?.includes(scope));
}

/**
 * What an access token must keep to that is made from this grant, so that it is revoked by what changes the grant, and
 * gone when the session is: the sessions that a change reaches are those that have not expired.
 */
export function limitsOf({
  readAt,
  issuedFrom,
  expiresAt,
}: Pick<SessionGrant, 'readAt' | 'issuedFrom' | 'expiresAt'>): Required<AccessTokenLimits> {
  return { issuedAt: readAt, issuedFrom, expiresBy: Math.ceil(expiresAt / 1000) };
}

/**
 * Makes the access token that goes with a refresh token. Throws TokenError `invalid_scope` when more scopes are asked
 * for than the session has.
 */
export async function issueTokens(
  issueAccessToken: AccessTokenIssuer,
  session: { grant: SessionGrant; refreshToken: string },
  askedScopes: readonly string[] | undefined,
): Promise<IssuedTokens> {
  const scopes = narrowScopes(scopesOfGrant(session.grant), askedScopes);
  if (scopes === undefined) throw scopeNotGranted();
  const { grant } = session;
  const { token, expiresInSeconds } = await issueAccessToken(personClaims(grant, scopes), limitsOf(grant));
  return {
    accessToken: token,
    expiresInSeconds,
    scopes,
    sessionId: grant.sessionId,
    refreshToken: session.refreshToken,
    sessionExpiresAt: grant.expiresAt,
  };
}

export function scopeNotGranted(): TokenError {
  return new TokenError('invalid_scope', 'The session was not granted this scope.');
}
