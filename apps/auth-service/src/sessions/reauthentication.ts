import type { Accounts } from '../accounts/accounts.ts';
import { invalidCredentials, noPassword } from '../accounts/refusals.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessToken, AccessTokenIssuer } from '../tokens/access-token.ts';
import { personClaims } from '../tokens/claims.ts';
import { sessionEnded } from '../tokens/session-ended.ts';
import { acrOf } from './elsewhere.ts';
import type { SessionStore } from './session-store.ts';
import { limitsOf, scopesOfGrant } from './session-tokens.ts';

export type ReauthenticationParts = {
  readonly accounts: Pick<Accounts, 'signIn' | 'find'>;
  readonly sessions: Pick<SessionStore, 'renewAuthTime'>;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: Pick<AuditLog, 'record'>;
};

export type ReauthenticationRequest = {
  readonly subject: string;
  readonly sessionId: string;
  readonly clientId: string;
  /** The scopes of the request's token. The new token has no others. */
  readonly scopes: ReadonlySet<string>;
  /** The thumbprint of the key to which the request's token is bound. The new token is bound to it as well. */
  readonly boundTo: string | undefined;
  readonly password: string;
  readonly origin: Origin & { readonly address: string };
};

export type Reauthenticated = AccessToken & {
  readonly sessionId: string;
};

/**
 * Checks the password of a signed-in person again (step-up, RFC 9470). This session's `auth_time` becomes now. The
 * returned access token carries it, and so do the access tokens of later refreshes. Other sessions, the refresh token
 * and the session's expiry do not change.
 *
 * A wrong password counts like one at sign-in, against the same limits.
 *
 * Rejects with what accounts.signIn rejects with, and with ProblemError 401 `session_ended`; 409 `no_password` for
 * somebody who only signs in elsewhere: they do it there, by a new authorization request with max_age=0.
 */
export async function reauthenticate(
  parts: ReauthenticationParts,
  request: ReauthenticationRequest,
): Promise<Reauthenticated> {
  const { subject, sessionId, clientId, password, origin } = request;
  const account = await parts.accounts.find(subject);
  if (account === undefined) throw invalidCredentials();
  if (!account.hasPassword) throw noPassword();
  await parts.accounts.signIn({ username: account.username, password, clientId, sessionId, ...origin });

  const grant = await parts.sessions.renewAuthTime(subject, sessionId);
  if (grant === undefined) throw sessionEnded();
  const scopes = scopesOfGrant(grant).filter((scope) => request.scopes.has(scope));
  const accessToken = await parts.issueAccessToken(
    personClaims({ ...grant, acr: acrOf(grant.elsewhere), boundTo: request.boundTo }, scopes),
    limitsOf(grant),
  );
  parts.audit.record({ event: 'session.reauthenticated', subject, sessionId, clientId, ...origin });
  return { ...accessToken, sessionId };
}
