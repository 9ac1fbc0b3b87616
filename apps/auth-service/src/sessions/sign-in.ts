import { ProblemError } from '@latchkey/service-kit';
import type { Accounts } from '../accounts/accounts.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AccessTokenIssuer } from '../tokens/access-token.ts';
import { type IssuedTokens, issueTokens, scopesOfGrant } from '../tokens/issue-tokens.ts';
import { narrowScopes } from '../tokens/scope.ts';
import type { SessionStore } from './session-store.ts';

export type SignInParts = {
  readonly accounts: Pick<Accounts, 'signIn' | 'find'>;
  readonly sessions: SessionStore;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: AuditLog;
};

export type SignInRequest = {
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  /** Fewer scopes than the roles allow, if the session is to have less power. */
  readonly scopes: readonly string[] | undefined;
  readonly deviceName: string;
  readonly origin: Origin & { readonly address: string };
};

/**
 * Signs a person in: checks the password, starts a session under a new id, issues its first tokens.
 *
 * Does not check which client asks, or from where: the route has.
 *
 * Rejects with what accounts.signIn rejects with, and with ProblemError 403 `scope_not_allowed`.
 */
export async function signIn(parts: SignInParts, request: SignInRequest): Promise<IssuedTokens> {
  const { accounts, sessions } = parts;
  const { username, password, clientId, scopes, deviceName, origin } = request;

  const account = await accounts.signIn({ username, password, clientId, ...origin });
  refuseMoreScopesThanAllowed(account.roles, scopes);

  const { id: subject, roles } = account;
  const session = await sessions.start({
    subject,
    clientId,
    roles,
    scopes,
    deviceName,
    address: origin.address,
  });
  await endIfAccountChanged(parts, { subject, roles, sessionId: session.grant.sessionId });

  const tokens = await issueTokens(parts.issueAccessToken, session, undefined);
  parts.audit.record({
    event: 'sign_in.succeeded',
    subject,
    sessionId: tokens.sessionId,
    clientId,
    ...origin,
  });
  return tokens;
}

function refuseMoreScopesThanAllowed(roles: readonly string[], asked: readonly string[] | undefined): void {
  if (narrowScopes(scopesOfGrant({ roles, scopes: undefined }), asked) !== undefined) return;
  throw new ProblemError({
    status: 403,
    code: 'scope_not_allowed',
    detail: 'This account does not have all the scopes that were asked for.',
  });
}

/**
 * A change of roles reaches the sessions that there are. One that was made while the password was being checked may
 * have missed this session, so the account is looked at once more.
 */
async function endIfAccountChanged(
  { accounts, sessions }: SignInParts,
  session: { subject: string; roles: readonly string[]; sessionId: string },
): Promise<void> {
  const now = await accounts.find(session.subject);
  if (now && now.disabledAt === null && now.roles.join(' ') === session.roles.join(' ')) return;
  await sessions.end(session.subject, session.sessionId, 'account_changed');
  throw new ProblemError({
    status: 503,
    code: 'account_changed',
    detail: 'The account was changed during the sign-in. Try again.',
    headers: { 'retry-after': '1' },
  });
}
