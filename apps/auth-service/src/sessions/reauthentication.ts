import type { Accounts } from '../accounts/accounts.ts';
import { invalidCredentials } from '../accounts/refusals.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessToken, AccessTokenIssuer } from '../tokens/access-token.ts';
import { personClaims } from '../tokens/claims.ts';
import { sessionEnded } from '../tokens/session-ended.ts';
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
  /** Those of the token that asks: the new one has no more. */
  readonly scopes: ReadonlySet<string>;
  readonly password: string;
  readonly origin: Origin & { readonly address: string };
};

export type Reauthenticated = AccessToken & {
  readonly scopes: readonly string[];
  readonly sessionId: string;
};

/**
 * Has a person who is signed in prove once more who they are (step-up, RFC 9470): this session's `auth_time` becomes
 * now, and the access token that comes back carries it, as will those of later refreshes. Other sessions, the refresh
 * token and the session's expiry stay as they are.
 *
 * A wrong password counts like one at sign-in, against the same limits.
 *
 * Rejects with what accounts.signIn rejects with, and with ProblemError 401 `session_ended`.
 */
export async function reauthenticate(
  parts: ReauthenticationParts,
  request: ReauthenticationRequest,
): Promise<Reauthenticated> {
  const { subject, sessionId, clientId, password, origin } = request;
  const account = await parts.accounts.find(subject);
  if (account === undefined) throw invalidCredentials();
  await parts.accounts.signIn({ username: account.username, password, clientId, sessionId, ...origin });

  const grant = await parts.sessions.renewAuthTime(subject, sessionId);
  if (grant === undefined) throw sessionEnded();
  const scopes = scopesOfGrant(grant).filter((scope) => request.scopes.has(scope));
  const accessToken = await parts.issueAccessToken(personClaims(grant, scopes), limitsOf(grant));
  parts.audit.record({ event: 'session.reauthenticated', subject, sessionId, clientId, ...origin });
  return { ...accessToken, scopes, sessionId };
}
