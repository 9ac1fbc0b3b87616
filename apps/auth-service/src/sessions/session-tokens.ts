import { isRole, scopesOf } from '../permissions/roles.ts';
import type { AccessTokenIssuer, AccessTokenLimits } from '../tokens/access-token.ts';
import { personClaims } from '../tokens/claims.ts';
import type { SessionGrant } from './session.ts';

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

/** Makes the access token that goes with a refresh token. Does not check that the session has these scopes. */
export async function issueTokens(
  issueAccessToken: AccessTokenIssuer,
  session: { grant: SessionGrant; refreshToken: string },
  scopes: readonly string[],
): Promise<IssuedTokens> {
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
