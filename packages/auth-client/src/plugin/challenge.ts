import type { AuthErrorCode } from '../errors.ts';
import { proofAlgorithms } from '../proof/proof-key.ts';

/**
 * The WWW-Authenticate value for a refusal (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1), or undefined if
 * the refusal has none.
 *
 * A request without a token gets no error code. `realm` is the service's audience: RFC 6750 §3 requires at least one
 * parameter after the scheme.
 *
 * @example challenge('invalid_token', { realm: 'cart-service' })
 */
export function challenge(
  code: AuthErrorCode,
  { realm, scopes = [], maxAuthAgeSeconds, resourceMetadata, schemes = bothSchemes }: ChallengeContext,
): string | undefined {
  // RFC 6750 §3.1 has no code for the others, and getting another scope would not help with them.
  if (!hasChallenge(code)) return undefined;
  const parameters = [`realm=${quoted(realm)}`];
  if (code !== 'missing_token')
    parameters.push(`error=${quoted(code)}`, `error_description=${quoted(descriptions[code])}`);
  if (code === 'insufficient_scope') parameters.push(`scope=${quoted(scopes.join(' '))}`);
  if (code === 'insufficient_user_authentication' && maxAuthAgeSeconds !== undefined)
    parameters.push(`max_age=${quoted(String(maxAuthAgeSeconds))}`);
  if (resourceMetadata !== undefined) parameters.push(`resource_metadata=${quoted(resourceMetadata)}`);
  const [first, ...others] = schemes;
  const proving = `algs=${quoted(proofAlgorithms.join(' '))}`;
  if (first === 'DPoP') parameters.push(proving);
  // A client that can do better learns of the other scheme (RFC 9449 §7.2).
  const more = others.map((scheme) => (scheme === 'DPoP' ? `DPoP ${proving}` : scheme));
  return [`${first} ${parameters.join(', ')}`, ...more].join(', ');
}

function hasChallenge(code: AuthErrorCode): code is keyof typeof descriptions | 'missing_token' {
  return code === 'missing_token' || Object.hasOwn(descriptions, code);
}

export type ChallengeContext = {
  realm: string;
  /** All scopes that the route requires. */
  scopes?: readonly string[];
  /** The greatest allowed age of the sign-in. */
  maxAuthAgeSeconds?: number | undefined;
  /** Where the service's metadata is (RFC 9728 §5.1). */
  resourceMetadata?: string | undefined;
  /** The schemes that this service accepts, first the one that the request used. */
  schemes?: readonly Scheme[] | undefined;
};

export type Scheme = 'Bearer' | 'DPoP';

export const bothSchemes: readonly Scheme[] = ['Bearer', 'DPoP'];

const descriptions = {
  invalid_token: 'The access token is not valid here',
  invalid_dpop_proof: 'The proof is not valid for this request',
  use_dpop_nonce: 'The proof needs a nonce of this service',
  insufficient_scope: 'The access token lacks a scope',
  insufficient_user_authentication: 'The sign-in is too long ago',
} as const;

// RFC 9110 §5.6.4 quoted-string. Anything beyond printable ASCII is dropped, so no value can end the header line.
function quoted(value: string): string {
  return `"${value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}
