import type { PersonsClient } from '../clients/clients.ts';
import { audienceOf, audienceOfApplication } from '../permissions/resource-servers.ts';
import type { Target } from '../permissions/resource-urls.ts';
import { isRole, scopesOf } from '../permissions/roles.ts';
import { identityScopes } from '../permissions/scope.ts';
import type { AccessTokenIssuer, AccessTokenLimits } from '../tokens/access-token.ts';
import { personClaims } from '../tokens/claims.ts';
import { recipientOf, type TokenEncryption } from '../tokens/token-encryption.ts';
import { acrOf } from './elsewhere.ts';
import type { SessionGrant } from './session.ts';

/** The members of RFC 6749 §5.1, under our own names. */
export type IssuedTokens = {
  readonly accessToken: string;
  /** Whether it is bound to a key (RFC 9449). */
  readonly isBound: boolean;
  readonly expiresInSeconds: number;
  /** Those of the access token. */
  readonly scopes: readonly string[];
  /** Those of the session. */
  readonly grantedScopes: readonly string[];
  readonly sessionId: string;
  readonly refreshToken: string;
  /** The session's absolute expiry, in milliseconds since the epoch. */
  readonly sessionExpiresAt: number;
};

/**
 * The scopes of a session's tokens: what its roles allow now, limited to what the sign-in asked for. Scopes of OpenID
 * Connect need no role, and only somebody who asked for them has them.
 */
export function scopesOfGrant(grant: Pick<SessionGrant, 'roles' | 'scopes'>): readonly string[] {
  // A role that this version no longer knows allows nothing.
  const allowed = scopesOf(grant.roles.filter(isRole));
  if (grant.scopes === undefined) return allowed;
  const { scopes } = grant;
  return [...identityScopes, ...allowed].filter((scope) => scopes.includes(scope));
}

/**
 * The limits for an access token made from this grant. With them, a change of the grant also revokes the token, and the
 * token expires with the session: a change only reaches sessions that have not expired.
 */
export function limitsOf({
  readAt,
  issuedFrom,
  expiresAt,
}: Pick<SessionGrant, 'readAt' | 'issuedFrom' | 'expiresAt'>): Required<AccessTokenLimits> {
  return { issuedAt: readAt, issuedFrom, expiresBy: Math.ceil(expiresAt / 1000) };
}

export type TokensRequest = {
  readonly client: Pick<PersonsClient, 'kind'>;
  /** Of the session's scopes, or of the target's if there is one. */
  readonly scopes: readonly string[];
  /** The only service that the access token is for. */
  readonly target?: Target | undefined;
  /** The thumbprint of the key to which it is bound. */
  readonly boundTo?: string | undefined;
};

/** Makes the access token that goes with a refresh token. Does not check that the session has these scopes. */
export async function issueTokens(
  issueAccessToken: AccessTokenIssuer,
  session: { grant: SessionGrant; refreshToken: string },
  request: TokensRequest,
): Promise<IssuedTokens> {
  const { grant } = session;
  const { boundTo } = request;
  const identity = { ...grant, acr: acrOf(grant.elsewhere), boundTo };
  const claims = personClaims(identity, request.scopes, audienceFor(request));
  const { token, expiresInSeconds, scopes } = await issueAccessToken(claims, limitsOf(grant));
  return {
    accessToken: token,
    isBound: boundTo !== undefined,
    expiresInSeconds,
    scopes,
    grantedScopes: scopesOfGrant(grant),
    sessionId: grant.sessionId,
    refreshToken: session.refreshToken,
    sessionExpiresAt: grant.expiresAt,
  };
}

function audienceFor({ client, scopes, target }: TokensRequest): readonly string[] {
  if (target !== undefined) return [target.audience];
  return client.kind === 'application' ? audienceOfApplication(scopes) : audienceOf(scopes);
}

/**
 * Waits for the key to which such an access token is encrypted, if it is. Call it before a refresh token or a code is
 * used up, so that the client can repeat its request when there is no key.
 *
 * Rejects with ProblemError 503 `encryption_key_unavailable`.
 */
export async function untilEncryptable(encryption: TokenEncryption, request: TokensRequest): Promise<void> {
  const recipient = recipientOf(audienceFor(request), encryption);
  if (recipient !== undefined) await encryption.keyOf(recipient);
}

/**
 * Leaves the scopes of the service that a token is for, and those that it may pass on when it acts for the person.
 * Undefined when none of its own is left (RFC 8707 §2.2).
 */
export function limitToTarget(
  scopes: readonly string[],
  target: Target | undefined,
): readonly string[] | undefined {
  if (target === undefined) return scopes;
  if (!scopes.some((scope) => target.scopes.includes(scope))) return undefined;
  return scopes.filter((scope) => target.scopes.includes(scope) || target.passesOn.includes(scope));
}
