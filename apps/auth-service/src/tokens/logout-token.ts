import { randomBytes } from 'node:crypto';
import type { SigningKey } from './access-token.ts';
import { signCompactJws } from './compact-jws.ts';

/** OpenID Connect Back-Channel Logout §2.4 recommends two minutes at most. */
const lifetimeSeconds = 120;

export type LogoutTokenIssuer = (of: {
  readonly subject: string;
  readonly sessionId: string;
  readonly clientId: string;
}) => Promise<string>;

/**
 * Issues logout tokens (OpenID Connect Back-Channel Logout §2.4), which tell an application that a session has ended.
 *
 * @example
 * const issue = createLogoutTokenIssuer({ issuer, signer: () => keyRing.signer(), clock: Date.now });
 */
export function createLogoutTokenIssuer(options: {
  readonly issuer: string;
  readonly signer: () => SigningKey;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}): LogoutTokenIssuer {
  return ({ subject, sessionId, clientId }) => {
    const now = Math.floor(options.clock() / 1000);
    const payload = {
      iss: options.issuer,
      aud: clientId,
      iat: now,
      exp: now + lifetimeSeconds,
      jti: randomBytes(16).toString('base64url'),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      sid: sessionId,
      sub: subject,
    };
    return signCompactJws({ typ: 'logout+jwt', payload, signer: options.signer() });
  };
}
