import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { type AuthorizationCodes, type CodeGrant, challengeOf } from './authorization-code.ts';
import { CodeRefusedError } from './session-starts.ts';
import type { IssuedTokens } from './session-tokens.ts';
import { openSession, type SessionRequest, type SignInParts } from './sign-in.ts';

/** RFC 7636 §4.1. */
export const verifierPattern = /^[\w.~-]{43,128}$/;

export type CodeSignInParts = Omit<SignInParts, 'accounts'> & {
  readonly codes: AuthorizationCodes;
  readonly accounts: Pick<Accounts, 'find' | 'findSettled'>;
};

export type CodeSignInRequest = Omit<SessionRequest, 'scopes' | 'target'> & {
  readonly code: string;
  readonly redirectUri: string;
  /** As in verifierPattern. */
  readonly verifier: string;
};

/** What else limits the session that a code starts. */
export type CodeLimits = Pick<SessionRequest, 'target'> & {
  readonly lifetimeSeconds?: number | undefined;
  /** Rejects if what allowed the session was taken back while it started. */
  readonly confirm?: () => Promise<void>;
};

/**
 * Redeems an authorization code (RFC 6749 §4.1.3 with RFC 7636): starts the session and issues its first tokens. A code
 * that is used twice ends the session that came of it (RFC 9700 §2.1.1).
 *
 * Does not check the client or its origin: the endpoint has done so.
 *
 * Rejects with CodeRefusedError when the code is unknown, expired, used, or was issued for something else or for another
 * key than `boundTo`, and with what `limitsOf` rejects with.
 */
export async function signInByCode(
  parts: CodeSignInParts,
  request: CodeSignInRequest,
  limitsOf: (grant: CodeGrant, account: Account) => CodeLimits = () => ({}),
): Promise<{ readonly tokens: IssuedTokens; readonly grant: CodeGrant; readonly account: Account }> {
  const { code, redirectUri, verifier, client, origin } = request;
  const grant = await parts.codes.read(code);
  const account = grant && (await parts.accounts.find(grant.subject));
  if (grant === undefined || account === undefined || account.disabledAt !== null)
    throw new CodeRefusedError(['UNKNOWN']);
  // RFC 9449 §10.
  if (grant.boundTo !== undefined && grant.boundTo !== request.boundTo)
    throw new CodeRefusedError(['UNKNOWN']);
  const { login, authTime, elsewhere, scopes, shard, random } = grant;
  const { target, lifetimeSeconds, confirm } = limitsOf(grant, account);
  const challenge = challengeOf(verifier);
  const presented = { clientId: client.id, redirectUri, challenge, login, shard, random };
  try {
    const tokens = await openSession(
      parts,
      { ...request, scopes, target, account },
      {
        start: (session) =>
          parts.sessions.startByCode({ ...session, authTime, elsewhere, lifetimeSeconds }, presented),
        ...(confirm && { confirm }),
      },
    );
    return { tokens, grant, account };
  } catch (error) {
    if (error instanceof CodeRefusedError && error.verdict === 'USED') {
      const { endedSession: sessionId } = error;
      const of = { subject: account.id, sessionId, clientId: client.id, ...origin };
      parts.audit.record({ event: 'code.reused', ...of });
    }
    throw error;
  }
}
