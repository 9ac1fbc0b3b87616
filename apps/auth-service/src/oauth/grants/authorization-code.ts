import type { Accounts } from '../../accounts/accounts.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { subjectFor } from '../../clients/subject-identifier.ts';
import type { ConsentStore } from '../../consents/consent-store.ts';
import type { ResourceUrls } from '../../permissions/resource-urls.ts';
import { type AuthorizationCodes, challengeOf } from '../../sessions/authorization-code.ts';
import { deviceNameFrom } from '../../sessions/device-name.ts';
import { CodeRefusedError } from '../../sessions/session-starts.ts';
import type { SessionStore } from '../../sessions/session-store.ts';
import { limitToTarget, scopesOfGrant } from '../../sessions/session-tokens.ts';
import { openSession } from '../../sessions/sign-in.ts';
import { sessionAnswerOf } from '../../sessions/token-answer.ts';
import type { AccessTokenIssuer } from '../../tokens/access-token.ts';
import type { IdTokenIssuer } from '../../tokens/id-token.ts';
import { personalClaimsOf } from '../../tokens/personal-claims.ts';
import { TokenError } from '../token-error.ts';
import { askedTarget, type Grant } from './grant.ts';

/** RFC 7636 §4.1. */
const verifierPattern = /^[\w.~-]{43,128}$/;

export type AuthorizationCodeParts = {
  readonly codes: AuthorizationCodes;
  readonly resourceUrls: ResourceUrls;
  readonly consents: Pick<ConsentStore, 'scopesFor'>;
  readonly accounts: Pick<Accounts, 'find' | 'findSettled'>;
  readonly sessions: SessionStore;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly issueIdToken: IdTokenIssuer;
  readonly audit: AuditLog;
  /** How long the session of an application without offline_access lives, in seconds. */
  readonly accessTokenSeconds: number;
};

/**
 * grant_type authorization_code (RFC 6749 §4.1.3 with RFC 7636). Starts a session, which ends with its access token for
 * an application that was not granted offline_access. With the scope openid the answer has an ID token.
 *
 * Every code that is unknown, expired, used, or was issued for another client, redirect URI or verifier is
 * `invalid_grant` in the same words.
 */
export function createAuthorizationCodeGrant(parts: AuthorizationCodeParts): Grant {
  const { codes, accounts, sessions, audit } = parts;

  return async ({ client, parameters, origin, userAgent }) => {
    if (client.kind === 'service' || client.kind === 'browser')
      throw new TokenError('unauthorized_client', 'This client does not use authorization codes.');
    const { code, redirect_uri: redirectUri, code_verifier: verifier } = parameters;
    if (code === undefined) throw new TokenError('invalid_request', 'The parameter code is missing.');
    if (redirectUri === undefined) throw new TokenError('invalid_request', 'redirect_uri is missing.');
    if (verifier === undefined || !verifierPattern.test(verifier))
      throw new TokenError('invalid_request', 'code_verifier is missing or malformed (RFC 7636 §4.1).');

    const found = await codes.read(code);
    if (found === undefined) throw refused();
    const account = await accounts.find(found.subject);
    if (account === undefined || account.disabledAt !== null) throw refused();
    const { login, authTime, scopes, nonce, idTokenClaims, shard, random } = found;
    const target = askedTarget(parameters, parts.resourceUrls);
    if (limitToTarget(scopesOfGrant({ roles: account.roles, scopes }), target) === undefined)
      throw new TokenError('invalid_target', 'The code has no scope of this resource.');
    const isShort = client.kind === 'application' && !scopes?.includes('offline_access');
    const lifetimeSeconds = isShort ? parts.accessTokenSeconds : undefined;
    const challenge = challengeOf(verifier);
    const presented = { clientId: client.id, redirectUri, challenge, login, shard, random };
    try {
      const tokens = await openSession(
        parts,
        { client, scopes, target, account, deviceName: deviceNameFrom(userAgent), origin },
        {
          start: (session) => sessions.startByCode({ ...session, authTime, lifetimeSeconds }, presented),
          confirm: async () => {
            if (client.kind !== 'application') return;
            const allowed = await parts.consents.scopesFor(account.id, client.id);
            if (!scopes?.every((scope) => allowed.includes(scope))) throw refused();
          },
        },
      );
      const { accessToken, sessionId } = tokens;
      const content = {
        subject: subjectFor(client, account.id),
        clientId: client.id,
        sessionId,
        authTime,
        nonce,
        accessToken,
        personal: tokens.grantedScopes.includes('profile') ? personalClaimsOf(account, idTokenClaims) : {},
      };
      return {
        ...sessionAnswerOf(tokens, client),
        ...(tokens.grantedScopes.includes('openid') ? { id_token: await parts.issueIdToken(content) } : {}),
      };
    } catch (error) {
      if (!(error instanceof CodeRefusedError)) throw error;
      const { verdict, endedSession: sessionId } = error;
      if (verdict === 'USED')
        audit.record({
          event: 'code.reused',
          subject: account.id,
          sessionId,
          clientId: client.id,
          ...origin,
        });
      throw refused();
    }
  };
}

function refused(): TokenError {
  return new TokenError('invalid_grant', 'The code is not valid. Start again at the authorization endpoint.');
}
