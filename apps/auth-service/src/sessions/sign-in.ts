import { ProblemError } from '@latchkey/service-kit';
import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { PersonsClient } from '../clients/clients.ts';
import type { Target } from '../permissions/resource-urls.ts';
import { narrowScopes } from '../permissions/scope.ts';
import type { AccessTokenIssuer } from '../tokens/access-token.ts';
import type { TokenEncryption } from '../tokens/token-encryption.ts';
import type { EndReason, SessionGrant } from './session.ts';
import type { NewSession, StartedSession } from './session-starts.ts';
import type { SessionStore } from './session-store.ts';
import {
  type IssuedTokens,
  issueTokens,
  limitToTarget,
  scopesOfGrant,
  untilEncryptable,
} from './session-tokens.ts';

export type SignInParts = {
  readonly accounts: Pick<Accounts, 'signIn' | 'findSettled'>;
  readonly sessions: SessionStore;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly encryption: TokenEncryption;
  readonly audit: AuditLog;
};

export type SessionRequest = {
  readonly client: Pick<PersonsClient, 'id' | 'kind' | 'maxSessions'>;
  /** Fewer scopes than the roles allow, for a session with less power. */
  readonly scopes: readonly string[] | undefined;
  /** The only service that the first access token is for. */
  readonly target?: Target | undefined;
  /** The thumbprint of the key to which the first access token is bound. */
  readonly boundTo?: string | undefined;
  /** The same for the refresh tokens. */
  readonly refreshBoundTo?: string | undefined;
  readonly deviceName: string;
  /** The refresh tokens that this browser already holds, and the keys that it has proved to have. */
  readonly replaces?: { readonly refreshTokens: readonly string[]; readonly provenKeys: readonly string[] };
  readonly origin: Origin & { readonly address: string };
};

export type SessionOpening = {
  /** The step that starts the session; default: at once. */
  readonly start?: (session: NewSession) => Promise<StartedSession>;
  /** Rejects if what allowed the session was taken back while it started. The session is then ended. */
  readonly confirm?: () => Promise<void>;
};

export type SignInRequest = SessionRequest & { readonly username: string; readonly password: string };

/**
 * Signs a person in: checks the password, starts a session under a new id, and issues its first tokens.
 *
 * Does not check the client or its origin: the route has done so.
 *
 * Rejects with what accounts.signIn rejects with, and with ProblemError 403 `scope_not_allowed`.
 */
export async function signIn(parts: SignInParts, request: SignInRequest): Promise<IssuedTokens> {
  const { username, password, client, scopes, origin } = request;
  const account = await parts.accounts.signIn({ username, password, clientId: client.id, ...origin });
  refuseMoreScopesThanAllowed(account.roles, scopes);
  return openSession(parts, { ...request, account });
}

/**
 * Starts a session for a person who has authenticated, and issues its first tokens. Surplus sessions are ended first,
 * so the client's session limit holds once the tokens are returned.
 *
 * Rejects with what `start` and `confirm` reject with, and with ProblemError 503 `account_changed` or
 * `encryption_key_unavailable`.
 */
export async function openSession(
  parts: Pick<SignInParts, 'sessions' | 'issueAccessToken' | 'encryption' | 'audit'> & {
    readonly accounts: Pick<Accounts, 'findSettled'>;
  },
  request: SessionRequest & { readonly account: Account },
  { start = parts.sessions.start, confirm }: SessionOpening = {},
): Promise<IssuedTokens> {
  const { accounts, sessions } = parts;
  const { account, client, scopes, deviceName, origin } = request;
  const clientId = client.id;
  const { id: subject, roles, rolesVersion } = account;
  const where = { deviceName, address: origin.address };
  const { target, boundTo, refreshBoundTo } = request;
  // The caller has checked that something is left.
  const left = (grant: Pick<SessionGrant, 'roles' | 'scopes'>) =>
    limitToTarget(scopesOfGrant(grant), target) ?? [];
  await untilEncryptable(parts.encryption, { scopes: left({ roles, scopes }), client, target });
  const session = await start({
    ...{ subject, clientId, roles, rolesVersion, scopes },
    ...where,
    boundTo: refreshBoundTo,
  });
  const { grant } = session;
  try {
    await refuseIfAccountChanged(accounts, account);
    await confirm?.();
    const asked = { scopes: left(grant), client, target, boundTo };
    const tokens = await issueTokens(parts.issueAccessToken, session, asked);
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

/**
 * Signing in overwrites the browser's cookie, so the session that only that cookie could use ends (ASVS 5.0 7.2.4).
 * Whoever has copied the cookie of a session that is bound to a key cannot end that session.
 */
async function endReplaced(parts: EndParts, { replaces, ...request }: SessionRequest): Promise<void> {
  for (const refreshToken of replaces?.refreshTokens ?? []) {
    // After Redis has lost its data, the old session must not prevent a new sign-in.
    const how = { evenIfUncertain: true };
    const grant = await parts.sessions.grantOf(refreshToken, request.client.id, how);
    if (grant === undefined) continue;
    const { boundTo } = grant;
    const isOwn = boundTo === undefined || replaces?.provenKeys.includes(boundTo);
    if (isOwn) await end(parts, { request, grant, reason: 'replaced' });
  }
}

/** Records the sessions that were ended to make room for the new one. */
function recordEnds({ audit }: EndParts, sessionIds: readonly string[], { request, grant, reason }: End) {
  for (const sessionId of sessionIds) {
    const details = { reason, by_session: grant.sessionId };
    audit.record({ ...request.origin, event: 'session.ended', subject: grant.subject, sessionId, details });
  }
}

type EndParts = Pick<SignInParts, 'sessions' | 'audit'>;

type End = { request: SessionRequest; grant: SessionGrant; reason: EndReason };

async function end(parts: EndParts, ending: End): Promise<void> {
  const { subject, sessionId } = ending.grant;
  if (await parts.sessions.end(subject, sessionId, ending.reason)) recordEnd(parts, ending);
}

function recordEnd({ audit }: EndParts, { request, grant, reason }: End): void {
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
