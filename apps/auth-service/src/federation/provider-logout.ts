import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Federated } from './federation.ts';
import { UpstreamError, upstreamErrorFrom } from './upstream-error.ts';

/** A logout token is sent at once; this bounds how long an old one can be used again. */
const maxAgeSeconds = 300;
const skewSeconds = 30;
const event = 'http://schemas.openid.net/event/backchannel-logout';

/** Who has signed out at a provider. `sid`: of which session there; undefined for all. */
export type ProviderLogout = {
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** When the token was issued, in seconds since the epoch. */
  readonly issuedAt: number;
};

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout §2.6, RFC 8417) with the provider's keys, which are fetched
 * each time: these tokens are rare. One that comes twice does no harm, since it ends only what began before it.
 *
 * Rejects with UpstreamError.
 */
export async function readProviderLogout(
  token: string,
  { provider, client }: Federated,
  clock: () => number,
): Promise<ProviderLogout> {
  const { issuer, jwks_uri: jwksUri } = await client.serverMetadata();
  if (jwksUri === undefined) throw new UpstreamError('refused', 'the provider publishes no keys');
  try {
    const answer = await client.fetch(jwksUri, {
      ...{ method: 'GET', headers: { accept: 'application/json' }, redirect: 'manual', body: undefined },
      signal: AbortSignal.timeout(5000),
    });
    const keys = createLocalJWKSet((await answer.json()) as JSONWebKeySet);
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: provider.clientId,
      // Only asymmetric ones: the client secret would be a key that others know.
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: maxAgeSeconds,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock()),
    });
    const { sub: subject, sid, iat, events } = payload;
    const isLogout = typeof events === 'object' && events !== null && event in events;
    // An ID token can have a nonce, and a logout token must not (§2.4), so neither passes for the other.
    if (!isLogout || payload['nonce'] !== undefined) throw new UpstreamError('refused', 'no logout token');
    // §2.4 allows a token with `sid` alone. We would have to keep that of every sign-in to know whose it is.
    if (subject === undefined) throw new UpstreamError('refused', 'it names no person');
    return { issuer, subject, sid: typeof sid === 'string' ? sid : undefined, issuedAt: iat ?? 0 };
  } catch (error) {
    throw upstreamErrorFrom(error);
  }
}
