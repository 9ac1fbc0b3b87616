import { type IssuedToken, requestToken, type TokenEndpointOptions } from './token-endpoint.ts';

export type Exchange = {
  subjectToken: string;
  audience: string;
  /** Empty: all that the policy allows. */
  scopes: readonly string[];
  /** Trace headers. */
  headers: Readonly<Record<string, string>>;
};

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * Exchanges a person's access token for one with which this service may call `audience` on the person's behalf
 * (RFC 8693 §2.1).
 *
 * @throws TokenEndpointError; AuthClientError identity_unavailable
 */
export function exchangeToken(
  { subjectToken, audience, scopes, headers }: Exchange,
  options: TokenEndpointOptions,
): Promise<IssuedToken> {
  const parameters = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience,
  };
  return requestToken({ parameters, scopes, headers, issuedTokenType: accessTokenType }, options);
}
