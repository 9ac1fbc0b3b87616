import { AuthError, invalidToken } from '../errors.ts';

/**
 * Takes the token from the Authorization header (RFC 6750 §2.1) only, never from the query, the body (§2.2, §2.3) or a
 * cookie. The scheme compares without case; one space follows.
 *
 * `rawHeaders` are alternating names and values, as in node:http. Does not check the token itself.
 *
 * @throws AuthError missing_token without the header or with another scheme; invalid_token if the header appears twice
 * or has no token
 */
export function bearerToken(rawHeaders: readonly string[]): string {
  let authorization: string | undefined;
  // Not from `headers`: of two Authorization headers Node keeps the first there, but a proxy before us may have read
  // the second.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name !== 'authorization' && (name.length !== 13 || name.toLowerCase() !== 'authorization')) continue;
    if (authorization !== undefined) throw invalidToken('header');
    authorization = rawHeaders[index + 1];
  }
  if (authorization === undefined) throw new AuthError('missing_token');
  if (!authorization.startsWith('Bearer ')) checkScheme(authorization);
  return authorization.slice(7);
}

// RFC 9110 §11.1: a scheme is a token, compared without case.
const bearerScheme = /^bearer(?![A-Za-z0-9!#$%&'*+\-.^_`|~])/i;

function checkScheme(authorization: string): void {
  if (!bearerScheme.test(authorization)) throw new AuthError('missing_token', { reason: 'scheme' });
  if (authorization.charCodeAt(6) !== 0x20) throw invalidToken('header');
}
