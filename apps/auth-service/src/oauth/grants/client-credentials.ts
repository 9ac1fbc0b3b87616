import type { DelegationPolicy } from '../../permissions/delegation-policy.ts';
import { narrowScopes } from '../../permissions/scope.ts';
import type { AccessTokenIssuer } from '../../tokens/access-token.ts';
import { serviceClaims } from '../../tokens/claims.ts';
import { TokenError } from '../token-error.ts';
import { askedScopes, type Grant } from './grant.ts';

export type ClientCredentialsParts = {
  readonly policy: DelegationPolicy;
  readonly issueAccessToken: AccessTokenIssuer;
  /** The earliest `iat` that a token may have, by the revocation log; in seconds since 1970, 0 for none. */
  readonly issuedFrom: () => number;
};

/**
 * grant_type client_credentials (RFC 6749 §4.4): a service's own token, with the policy's `ownScopes` at most.
 *
 * Refuses clients that people sign in with (`unauthorized_client`), because they cannot authenticate, and every
 * resource (`invalid_target`).
 */
export function createClientCredentialsGrant({
  policy,
  issueAccessToken,
  issuedFrom,
}: ClientCredentialsParts): Grant {
  return async ({ client, parameters, proven }) => {
    const own =
      client.kind === 'service' && Object.hasOwn(policy, client.id) ? policy[client.id]?.ownScopes : [];
    if (own === undefined || own.length === 0) {
      throw new TokenError('unauthorized_client', 'This client has no scopes of its own.');
    }
    const scopes = narrowScopes(own, askedScopes(parameters));
    if (scopes === undefined) throw new TokenError('invalid_scope', 'The client does not have this scope.');
    // A service's own scopes are at auth-service, which has no resource URL.
    if (parameters.resource !== undefined)
      throw new TokenError('invalid_target', 'The client has no scope of its own at this service.');
    const { token, expiresInSeconds } = await issueAccessToken(serviceClaims(client.id, scopes, proven), {
      // There is no session to take this from. After a lost data set, all tokens with an earlier `iat` are revoked.
      issuedFrom: issuedFrom(),
    });
    return {
      access_token: token,
      token_type: proven === undefined ? 'Bearer' : 'DPoP',
      expires_in: expiresInSeconds,
      scope: scopes.join(' '),
    };
  };
}
