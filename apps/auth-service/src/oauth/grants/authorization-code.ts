import { isPublic } from '../../clients/clients.ts';
import { subjectFor } from '../../clients/subject-identifier.ts';
import type { ConsentStore } from '../../consents/consent-store.ts';
import type { ResourceUrls } from '../../permissions/resource-urls.ts';
import { type CodeSignInParts, signInByCode, verifierPattern } from '../../sessions/code-sign-in.ts';
import { deviceNameFrom } from '../../sessions/device-name.ts';
import { acrOf } from '../../sessions/elsewhere.ts';
import { CodeRefusedError } from '../../sessions/session-starts.ts';
import { limitToTarget, scopesOfGrant } from '../../sessions/session-tokens.ts';
import { sessionAnswerOf } from '../../sessions/token-answer.ts';
import type { IdTokenIssuer } from '../../tokens/id-token.ts';
import { personalClaimsOf } from '../../tokens/personal-claims.ts';
import { TokenError } from '../token-error.ts';
import { askedTarget, type Grant } from './grant.ts';

export type AuthorizationCodeParts = CodeSignInParts & {
  readonly resourceUrls: ResourceUrls;
  readonly consents: Pick<ConsentStore, 'scopesFor'>;
  readonly issueIdToken: IdTokenIssuer;
  /** How long the session of an application without offline_access lives, in seconds. */
  readonly accessTokenSeconds: number;
};

/**
 * grant_type authorization_code (RFC 6749 §4.1.3 with RFC 7636). Starts a session, which ends with its access token for
 * an application that was not granted offline_access. With the scope openid the answer has an ID token. A page redeems
 * its codes at POST /sessions/code instead, which sets its cookie.
 *
 * Every code that is unknown, expired, used, or was issued for another client, redirect URI or verifier is
 * `invalid_grant` in the same words.
 */
export function createAuthorizationCodeGrant(parts: AuthorizationCodeParts): Grant {
  return async ({ client, parameters, origin, userAgent, proven }) => {
    if (client.kind === 'service' || client.kind === 'browser')
      throw new TokenError('unauthorized_client', 'This client does not use authorization codes here.');
    const { code, redirect_uri: redirectUri, code_verifier: verifier } = parameters;
    if (code === undefined) throw new TokenError('invalid_request', 'The parameter code is missing.');
    if (redirectUri === undefined) throw new TokenError('invalid_request', 'redirect_uri is missing.');
    if (verifier === undefined || !verifierPattern.test(verifier))
      throw new TokenError('invalid_request', 'code_verifier is missing or malformed (RFC 7636 §4.1).');

    const request = {
      ...{ client, code, redirectUri, verifier, origin },
      deviceName: deviceNameFrom(userAgent),
      boundTo: proven,
      // A client that authenticates needs no key for its refresh tokens, and may change it (RFC 9449 §5).
      refreshBoundTo: isPublic(client) ? proven : undefined,
    };
    const { tokens, grant, account } = await signInByCode(parts, request, ({ scopes }, account) => {
      const target = askedTarget(parameters, parts.resourceUrls);
      if (limitToTarget(scopesOfGrant({ roles: account.roles, scopes }), target) === undefined)
        throw new TokenError('invalid_target', 'The code has no scope of this resource.');
      if (client.kind !== 'application') return { target };
      return {
        target,
        lifetimeSeconds: scopes?.includes('offline_access') ? undefined : parts.accessTokenSeconds,
        confirm: async () => {
          const allowed = await parts.consents.scopesFor(account.id, client.id);
          if (!scopes?.every((scope) => allowed.includes(scope))) throw refused();
        },
      };
    }).catch((error: unknown) => {
      throw error instanceof CodeRefusedError ? refused() : error;
    });
    const { accessToken, sessionId } = tokens;
    const { authTime, elsewhere, nonce, idTokenClaims } = grant;
    const content = {
      subject: subjectFor(client, account.id),
      clientId: client.id,
      ...{ sessionId, authTime, acr: acrOf(elsewhere), nonce, accessToken },
      personal: tokens.grantedScopes.includes('profile') ? personalClaimsOf(account, idTokenClaims) : {},
    };
    return {
      ...sessionAnswerOf(tokens, client),
      ...(tokens.grantedScopes.includes('openid') ? { id_token: await parts.issueIdToken(content) } : {}),
    };
  };
}

function refused(): TokenError {
  return new TokenError('invalid_grant', 'The code is not valid. Start again at the authorization endpoint.');
}
