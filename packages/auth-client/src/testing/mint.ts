import { randomUUID } from 'node:crypto';
import type { SigningKey } from './signing-key.ts';

export type MintOverrides = {
  audience?: string | readonly string[];
  /** Default 'user-1'. */
  subject?: string;
  /** Default none. */
  scope?: string | readonly string[];
  sessionId?: string;
  clientId?: string;
  /** `exp − iat`. Default 300. */
  lifetimeSeconds?: number;
  /** Replaces any claims; undefined leaves one out. */
  claims?: Record<string, unknown>;
  /** Replaces any header parameters; undefined leaves one out. */
  header?: Record<string, unknown>;
};

export type Mint = (overrides?: MintOverrides) => string;

export type MintContext = {
  issuer: string;
  /** The default; overrides may name another. */
  audience: string | readonly string[];
  signingKey(): SigningKey;
  /** Milliseconds since 1970, by the issuer's clock. */
  now(): number;
};

/** The audience of services' own tokens: the issuer itself, for its feed. */
export const issuerAudience = 'auth-service';

/** Returns a function that mints access tokens (RFC 9068) as auth-service does. */
export function createMint({ issuer, audience, signingKey, now }: MintContext): Mint {
  return (overrides = {}) => {
    const { scope, lifetimeSeconds = 300 } = overrides;
    const iat = Math.floor(now() / 1000);
    const claims = {
      iss: issuer,
      sub: overrides.subject ?? 'user-1',
      aud: overrides.audience ?? audience,
      client_id: overrides.clientId ?? 'test-client',
      ...(scope !== undefined && { scope: typeof scope === 'string' ? scope : scope.join(' ') }),
      sid: overrides.sessionId ?? 'session-1',
      jti: randomUUID(),
      iat,
      exp: iat + lifetimeSeconds,
      auth_time: iat,
      ...overrides.claims,
    };
    const key = signingKey();
    return key.sign({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...overrides.header }, claims);
  };
}

/** The overrides for a service's own token (RFC 9068 §2.2): no person is behind it. */
export function ofService(clientId: string, scope: readonly string[]): MintOverrides {
  const claims = { sid: undefined, auth_time: undefined };
  return { audience: issuerAudience, subject: clientId, clientId, scope, claims };
}
