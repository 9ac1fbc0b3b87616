import { AuthError, invalidToken } from '../errors.ts';

/**
 * Takes the token from the Authorization header (RFC 6750 §2.1), the only place that is looked at: never the query,
 * the body (§2.2, §2.3) or a cookie. The scheme compares without case; one space follows.
 *
 * `rawHeaders` are names and values in turn, as node:http has them. Does not check the token itself.
 *
 * @throws AuthError missing_token if there is no header or it has another scheme, invalid_token if the header is
 * there twice or the scheme stands alone
 */
export function bearerToken(rawHeaders: readonly string[]): string {
  let authorization: string | undefined;
  // Not from `headers`: of two Authorization headers Node keeps the first there, while a proxy before us may have
  // looked at the second.
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
