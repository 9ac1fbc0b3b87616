import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  type JWTClaimVerificationOptions,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  UnsecuredJWT,
} from 'jose';
import type { Federated } from './federation.ts';
import { isIdentifier } from './provider.ts';
import { UpstreamError, upstreamErrorFrom } from './upstream-error.ts';

/** A logout token is sent at once; this bounds how long an old one can be used again. */
const maxAgeSeconds = 300;
const skewSeconds = 30;
/** Only asymmetric ones: the client secret would be a key that others know. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const event = 'http://schemas.openid.net/event/backchannel-logout';

/** Who has signed out at a provider. `sid`: of which session there; undefined for all. */
export type ProviderLogout = {
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** When the token was issued, in seconds since the epoch. */
  readonly issuedAt: number;
};

export type ReadProviderLogout = (token: string, federated: Federated) => Promise<ProviderLogout>;

/**
 * Makes what checks logout tokens (OpenID Connect Back-Channel Logout §2.6, RFC 8417). A token that comes twice does no
 * harm, since it ends only what began before it.
 *
 * Anybody can send one. So it asks the provider for nothing before the claims are right, and for its keys at most once
 * in 10 s, while it answers.
 *
 * Rejects with UpstreamError.
 */
export function createProviderLogoutReader({ clock }: { readonly clock: () => number }): ReadProviderLogout {
  const kept = new Map<string, { readonly uri: string; readonly keys: JWTVerifyGetKey }>();

  return async (token, federated) => {
    try {
      return await read(token, federated);
    } catch (error) {
      throw upstreamErrorFrom(error);
    }
  };

  async function read(token: string, federated: Federated): Promise<ProviderLogout> {
    const { provider, client } = federated;
    const checks = {
      audience: provider.clientId,
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: maxAgeSeconds,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock()),
    };
    const claims = claimsOf(token, checks);
    const { issuer, jwks_uri: uri } = await client.serverMetadata();
    if (uri === undefined) throw new UpstreamError('refused', 'the provider publishes no keys');
    if (claims.iss !== issuer) throw new UpstreamError('refused', 'it is of another issuer');
    await jwtVerify(token, keysOf(federated, uri), { ...checks, issuer, algorithms });
    const { sid, iat: issuedAt } = claims;
    return { issuer, subject: claims.sub, sid: isIdentifier(sid) ? sid : undefined, issuedAt };
  }

  function keysOf({ provider, client }: Federated, uri: string): JWTVerifyGetKey {
    const found = kept.get(provider.id);
    if (found?.uri === uri) return found.keys;
    const keys = createRemoteJWKSet(new URL(uri), {
      ...{ cacheMaxAge: 60_000, cooldownDuration: 10_000, timeoutDuration: 5000 },
      async [customFetch](address, { method, headers, redirect, signal }) {
        const answer = await client
          .fetch(address, { method, redirect, signal, headers: Object.fromEntries(headers), body: undefined })
          .catch((error: unknown) => Promise.reject(upstreamErrorFrom(error)));
        if (!answer.ok) throw new UpstreamError('unavailable', `its keys: status ${answer.status}`);
        return answer;
      },
    });
    kept.set(provider.id, { uri, keys });
    return keys;
  }
}

/** Checks the claims of a token, and not who signed it. */
function claimsOf(
  token: string,
  checks: JWTClaimVerificationOptions,
): JWTPayload & { readonly sub: string; readonly iat: number } {
  if (!algorithms.includes(algorithmOf(token)))
    throw new UpstreamError('refused', 'it is not signed as it should be');
  const [, payload] = token.split('.');
  // jose checks the claims of a token without a signature alone.
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  const { payload: claims } = UnsecuredJWT.decode(unsigned, checks);
  const { sub, iat, events } = claims;
  const isLogout = typeof events === 'object' && events !== null && event in events;
  // An ID token can have a nonce, and a logout token must not (§2.4), so neither passes for the other.
  if (!isLogout || claims['nonce'] !== undefined) throw new UpstreamError('refused', 'no logout token');
  // §2.4 allows a token with `sid` alone. We would have to keep that of every sign-in to know whose it is.
  if (!isIdentifier(sub)) throw new UpstreamError('refused', 'it names no person');
  return { ...claims, sub, iat: iat ?? 0 };
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? '';
  } catch (error) {
    throw new UpstreamError('refused', 'it is no token', error);
  }
}
