import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { TokenClaims } from './claims.ts';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

export type AccessToken = {
  readonly token: string;
  readonly expiresInSeconds: number;
};

export type AccessTokenIssuerOptions = {
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  /** The key that signs now; asked for each token, since it changes. */
  readonly signer: () => SigningKey;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** `expiresBy`: the latest that `exp` may be, in seconds since the epoch. */
export type AccessTokenIssuer = (
  claims: TokenClaims,
  limits?: { readonly expiresBy: number },
) => Promise<AccessToken>;

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
 * const { token } = await issue(personClaims(grant, ['cart:read']));
 */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { issuer, lifetimeSeconds } = options;

  return async (claims, { expiresBy } = { expiresBy: Number.POSITIVE_INFINITY }) => {
    const { kid, privateKey } = options.signer();
    const issuedAt = Math.floor(options.clock() / 1000);
    const expiresAt = Math.min(issuedAt + lifetimeSeconds, expiresBy);
    const payload = {
      iss: issuer,
      ...claims,
      jti: randomBytes(16).toString('base64url'),
      iat: issuedAt,
      exp: expiresAt,
    };
    const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid })}.${encode(payload)}`;
    const signature = await signInPool('sha256', Buffer.from(input, 'latin1'), privateKey);
    return {
      token: `${input}.${signature.toString('base64url')}`,
      expiresInSeconds: expiresAt - issuedAt,
    };
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
