import { createHash } from 'node:crypto';

/**
 * What auth-service calls the cookie that holds a browser's refresh token: another name for each issuer, since browsers
 * send a cookie to every port of its host (RFC 6265 §8.5). With an https issuer the name says that the cookie is bound to
 * its host (RFC 6265bis §4.1.3.2, `__Host-`).
 *
 * @example refreshCookieName('http://localhost:4000'); // latchkey-refresh-f07d805b
 */
export function refreshCookieName(issuer: string): string {
  const prefix = issuer.startsWith('https:') ? '__Host-' : '';
  return `${prefix}latchkey-refresh-${createHash('sha256').update(issuer).digest('hex').slice(0, 8)}`;
}
