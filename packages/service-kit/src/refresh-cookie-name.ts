import { createHash } from 'node:crypto';

/**
 * The name of auth-service's cookie for a browser's refresh token. It differs per issuer, because browsers send a
 * cookie to every port of its host (RFC 6265 §8.5). With an https issuer the prefix `__Host-` binds the cookie to its
 * host (RFC 6265bis §4.1.3.2).
 *
 * @example refreshCookieName('http://localhost:4000'); // latchkey-refresh-f07d805b
 */
export function refreshCookieName(issuer: string): string {
  const prefix = issuer.startsWith('https:') ? '__Host-' : '';
  return `${prefix}latchkey-refresh-${createHash('sha256').update(issuer).digest('hex').slice(0, 8)}`;
}
