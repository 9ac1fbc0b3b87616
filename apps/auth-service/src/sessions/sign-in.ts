import { ProblemError } from '@latchkey/service-kit';
import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { PublicClient } from '../clients/clients.ts';
import { narrowScopes } from '../permissions/scope.ts';
import type { AccessTokenIssuer } from '../tokens/access-token.ts';
import type { EndReason, SessionGrant } from './session.ts';
import type { SessionStore } from './session-store.ts';
import { type IssuedTokens, issueTokens, scopesOfGrant } from './session-tokens.ts';

export type SignInParts = {
  readonly accounts: Pick<Accounts, 'signIn' | 'findSettled'>;
  readonly sessions: SessionStore;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: AuditLog;
};

export type SignInRequest = {
  readonly username: string;
  readonly password: string;
  readonly client: Pick<PublicClient, 'id' | 'maxSessions'>;
  /** Fewer scopes than the roles allow, for a session with less power. */
  readonly scopes: readonly string[] | undefined;
  readonly deviceName: string;
  /** The refresh tokens that this browser already holds. */
  readonly replaces?: readonly string[];
  readonly origin: Origin & { readonly address: string };
};

/**
 * Signs a person in: checks the password, starts a session under a new id, and issues its first tokens. Surplus
 * sessions are ended first, so the client's session limit holds once the tokens are returned.
 *
 * Does not check the client or its origin: the route has done so.
 *
 * Rejects with what accounts.signIn rejects with, and with ProblemError 403 `scope_not_allowed`.
 */
export async function signIn(parts: SignInParts, request: SignInRequest): Promise<IssuedTokens> {
  const { accounts, sessions } = parts;
  const { username, password, client, scopes, deviceName, origin } = request;
  const clientId = client.id;

  const account = await accounts.signIn({ username, password, clientId, ...origin });
  refuseMoreScopesThanAllowed(account.roles, scopes);

  const { id: subject, roles, rolesVersion } = account;
  const where = { deviceName, address: origin.address };
  const session = await sessions.start({ subject, clientId, roles, rolesVersion, scopes, ...where });
  const { grant } = session;
  try {
    await refuseIfAccountChanged(accounts, account);
    const tokens = await issueTokens(parts.issueAccessToken, session, scopesOfGrant(grant));
    await endReplaced(parts, request);
    const displaced = client.maxSessions === null ? [] : await sessions.endSurplus(grant, client.maxSessions);
    const { sessionId } = grant;
    parts.audit.record({ event: 'sign_in.succeeded', subject, sessionId, clientId, ...origin });
    recordEnds(parts, session.displaced, { request, grant, reason: 'too_many' });
    recordEnds(parts, displaced, { request, grant, reason: 'displaced' });
    return tokens;
  } catch (error) {
    // Nobody holds its tokens, so it would only sit in the list of devices until it expires.
    await end(parts, { request, grant, reason: 'sign_in_failed' }).catch(() => {});
    throw error;
  }
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
 * A change of roles, password or status reaches the sessions that exist at that time. A change during the password
 * check may have missed this session, so the account is read again.
 */
async function refuseIfAccountChanged(
  accounts: Pick<Accounts, 'findSettled'>,
  account: Account,
): Promise<void> {
  const now = await accounts.findSettled(account.id);
  const isSame =
    now !== undefined &&
    now.disabledAt === null &&
    now.rolesVersion === account.rolesVersion &&
    now.passwordChangedAt?.getTime() === account.passwordChangedAt?.getTime();
  if (isSame) return;
  throw new ProblemError({
    status: 503,
    code: 'account_changed',
    detail: 'The account was changed during the sign-in. Try again.',
    headers: { 'retry-after': '1' },
  });
}

/** Signing in overwrites the browser's cookie, so the session that only that cookie could use ends (ASVS 5.0 7.2.4). */
async function endReplaced(parts: SignInParts, request: SignInRequest): Promise<void> {
  for (const refreshToken of request.replaces ?? []) {
    // After Redis has lost its data, the old session must not prevent a new sign-in.
    const how = { evenIfUncertain: true };
    const grant = await parts.sessions.grantOf(refreshToken, request.client.id, how);
    if (grant !== undefined) await end(parts, { request, grant, reason: 'replaced' });
  }
}

/** Records the sessions that were ended to make room for the new one. */
function recordEnds({ audit }: SignInParts, sessionIds: readonly string[], { request, grant, reason }: End) {
  for (const sessionId of sessionIds) {
    const details = { reason, by_session: grant.sessionId };
    audit.record({ ...request.origin, event: 'session.ended', subject: grant.subject, sessionId, details });
  }
}

type End = { request: SignInRequest; grant: SessionGrant; reason: EndReason };

async function end(parts: SignInParts, ending: End): Promise<void> {
  const { subject, sessionId } = ending.grant;
  if (await parts.sessions.end(subject, sessionId, ending.reason)) recordEnd(parts, ending);
}

function recordEnd({ audit }: SignInParts, { request, grant, reason }: End): void {
  const { subject, sessionId, clientId } = grant;
  audit.record({
    event: 'session.ended',
    subject,
    sessionId,
    clientId,
    ...request.origin,
    details: { reason },
  });
}
