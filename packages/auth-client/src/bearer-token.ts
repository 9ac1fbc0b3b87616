import type { IncomingMessage } from 'node:http';
import { AuthError, invalidToken } from './errors.ts';

/**
 * Takes the token from the Authorization header (RFC 6750 §2.1), the only place that is looked at: never the query,
 * the body (§2.2, §2.3) or a cookie. The scheme compares without case; one space follows.
 *
 * Does not check the token itself.
 *
 * @throws AuthError missing_token if there is no header or it has another scheme, invalid_token if the header is
 * there twice or the scheme stands alone
 */
export function bearerToken({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string {
  const { authorization } = headers;
  if (authorization === undefined) throw new AuthError('missing_token');
  if (!hasBearerScheme(authorization)) throw new AuthError('missing_token', { reason: 'scheme' });
  if (authorization.length < 8 || authorization.charCodeAt(6) !== 0x20) throw invalidToken('header');
  // Node keeps the first of two and drops the other: a proxy before us may have looked at the second.
  if (occurrences(rawHeaders) > 1) throw invalidToken('header');
  return authorization.slice(7);
}

function hasBearerScheme(authorization: string): boolean {
  if (authorization.startsWith('Bearer ')) return true;
  return /^bearer(?![A-Za-z0-9!#$%&'*+\-.^_`|~])/i.test(authorization);
}

function occurrences(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count;
}
