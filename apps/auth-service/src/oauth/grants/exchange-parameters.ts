import { TokenError } from '../token-error.ts';
import type { TokenParameters } from '../token-parameters.ts';
import { askedScopes } from './grant.ts';

/** RFC 8693 §3. */
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

export type Exchange = {
  readonly subjectToken: string;
  readonly audience: string;
  readonly askedScopes: readonly string[] | undefined;
};

/**
 * Reads the parameters of RFC 8693 §2.1. Supports the plain case: one access token, one audience, and the client itself
 * as the actor. Other parameters are refused, not ignored.
 *
 * @throws TokenError `invalid_request`, `invalid_scope`
 */
export function readExchange(parameters: TokenParameters): Exchange {
  const { subject_token: subjectToken, audience } = parameters;
  if (subjectToken === undefined) throw invalid('The parameter subject_token is missing.');
  if (parameters.subject_token_type !== accessTokenType)
    throw invalid(`The subject_token_type must be ${accessTokenType}.`);
  if ((parameters.requested_token_type ?? accessTokenType) !== accessTokenType)
    throw invalid(`The requested_token_type must be ${accessTokenType}.`);
  if (parameters.actor_token !== undefined || parameters.actor_token_type !== undefined)
    throw invalid('The client itself is the actor, so actor_token is not accepted.');
  if (parameters.resource !== undefined) throw invalid('Name the service by audience, not by resource.');
  if (audience === undefined) throw invalid('The parameter audience is missing.');
  return { subjectToken, audience, askedScopes: askedScopes(parameters) };
}

function invalid(description: string): TokenError {
  return new TokenError('invalid_request', description);
}
