import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { SessionGrant } from '../sessions/session.ts';
import { audienceOf } from './resource-servers.ts';

/** How the person proved who they are (RFC 9068 §2.2.1, `acr`): by user name and password. */
const ACR_PASSWORD = 'urn:latchkey:acr:password';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

export type AccessToken = {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
};

export type AccessTokenIssuerOptions = {
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  /** The key that signs now; asked for each token, since it changes. */
  readonly signer: () => SigningKey;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type AccessTokenIssuer = ReturnType<typeof createAccessTokenIssuer>;

// In libuv's pool: one RSA signature takes most of a millisecond, and the event loop has others to serve meanwhile.
const signInPool = promisify(sign) as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * Issues access tokens (RFC 9068) as RS256 JWS in compact form.
 *
 * Nothing about the person is in a token, because anybody can read it: `sub` and `sid` are opaque. Does not ask whether
 * the session lives, nor whether the scopes are allowed: whoever calls has just been told.
 *
 * @example
 * const issue = createAccessTokenIssuer({ issuer, lifetimeSeconds: 300, signer: () => keyRing.signer(), clock: Date.now });
 * const { token } = await issue(grant, ['cart:read']);
 */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions) {
  const { issuer, lifetimeSeconds } = options;

  return async (grant: SessionGrant, scopes: readonly string[]): Promise<AccessToken> => {
    const { kid, privateKey } = options.signer();
    const issuedAt = Math.floor(options.clock() / 1000);
    const claims = {
      iss: issuer,
      sub: grant.subject,
      aud: audienceOf(scopes),
      client_id: grant.clientId,
      // RFC 6749 §3.3: there is no empty scope; who has none has no claim.
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      sid: grant.sessionId,
      jti: randomBytes(16).toString('base64url'),
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      auth_time: grant.authTime,
      acr: ACR_PASSWORD,
    };
    const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid })}.${encode(claims)}`;
    const signature = await signInPool('sha256', Buffer.from(input, 'latin1'), privateKey);
    return {
      token: `${input}.${signature.toString('base64url')}`,
      expiresInSeconds: lifetimeSeconds,
      scopes,
    };
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
