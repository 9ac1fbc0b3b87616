import { AuthError, invalidToken } from '../errors.ts';

/** An access token as it came with a request. */
export type PresentedToken = {
  readonly token: string;
  /** RFC 6750 §2.1, RFC 9449 §7.1 */
  readonly scheme: 'Bearer' | 'DPoP';
  /** The DPoP header; undefined without one. */
  readonly proof: string | undefined;
};

/**
 * Takes the token from the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1) only, never from the query, the body
 * (§2.2, §2.3) or a cookie; and the proof from the DPoP header. The scheme compares without case; one space follows.
 *
 * `rawHeaders` are alternating names and values, as in node:http. Does not check the token or the proof.
 *
 * @throws AuthError missing_token without the header or with another scheme; invalid_token if the header appears twice
 * or has no token; invalid_dpop_proof if the DPoP header appears twice
 */
export function presentedToken(rawHeaders: readonly string[]): PresentedToken {
  let authorization: string | undefined;
  let proof: string | undefined;
  // Not from `headers`: of two Authorization headers Node keeps the first there, but a proxy before us may have read
  // the second.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name === 'authorization' || (name.length === 13 && name.toLowerCase() === 'authorization')) {
      if (authorization !== undefined) throw invalidToken('header');
      authorization = rawHeaders[index + 1];
    } else if (name.length === 4 && name.toLowerCase() === 'dpop') {
      if (proof !== undefined) throw new AuthError('invalid_dpop_proof', { reason: 'proof: header' });
      proof = rawHeaders[index + 1];
    }
  }
  if (authorization === undefined) throw new AuthError('missing_token');
  if (authorization.startsWith('Bearer ')) return { token: authorization.slice(7), scheme: 'Bearer', proof };
  const scheme = schemeOf(authorization);
  return { token: authorization.slice(scheme.length + 1), scheme, proof };
}

// RFC 9110 §11.1: a scheme is a token, compared without case.
const knownScheme = /^(bearer|dpop)(?![A-Za-z0-9!#$%&'*+\-.^_`|~])/i;

function schemeOf(authorization: string): PresentedToken['scheme'] {
  const [, name] = knownScheme.exec(authorization) ?? [];
  if (name === undefined) throw new AuthError('missing_token', { reason: 'scheme' });
  if (authorization.charCodeAt(name.length) !== 0x20) throw invalidToken('header');
  return name.length === 4 ? 'DPoP' : 'Bearer';
}
