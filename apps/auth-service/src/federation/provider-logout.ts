import { ProblemError } from '@latchkey/service-kit';
import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  type JWKSCacheInput,
  type JWTClaimVerificationOptions,
  jwksCache,
  jwtVerify,
  type ProtectedHeaderParameters,
  UnsecuredJWT,
} from 'jose';
import type { Federated } from './federation.ts';
import { isIdentifier } from './provider.ts';
import { UpstreamError, upstreamErrorFrom } from './upstream-error.ts';

/** A logout token is sent at once; this bounds how long an old one can be used again. */
const maxAgeSeconds = 300;
const skewSeconds = 30;
/**
 * Those by which openid-client takes ID tokens, since a provider signs both alike (OpenID Connect Back-Channel Logout
 * §2.6). Only asymmetric ones: the client secret would be a key that others know.
 */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];
const event = 'http://schemas.openid.net/event/backchannel-logout';

/** Who has signed out at a provider. `sid`: of which session there; undefined for all. */
export type ProviderLogout = {
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** When the token was issued, in seconds since the epoch. */
  readonly issuedAt: number;
};

/** `admit` counts a token for which the provider is asked; it can reject. */
export type ReadProviderLogout = (
  token: string,
  of: Federated & { readonly admit: () => Promise<void> },
) => Promise<ProviderLogout>;

type Keys = ReturnType<typeof createRemoteJWKSet>;

/**
 * Makes what checks logout tokens (OpenID Connect Back-Channel Logout §2.6, RFC 8417). A token that comes twice does no
 * harm, since it ends only what began before it.
 *
 * Anybody can send one. So it asks the provider for nothing before the claims are right, for its keys at most once in
 * 10 s while it answers, and counts who makes it ask. Tokens with a known key are not counted: none of them gets lost.
 *
 * Rejects with UpstreamError, and with what `admit` rejects with.
 */
export function createProviderLogoutReader({ clock }: { readonly clock: () => number }): ReadProviderLogout {
  const kept = new Map<
    string,
    { readonly uri: string; readonly keys: Keys; readonly cache: JWKSCacheInput }
  >();

  return async (token, federated) => {
    try {
      return await read(token, federated);
    } catch (error) {
      throw error instanceof ProblemError ? error : upstreamErrorFrom(error);
    }
  };

  async function read(...[token, federated]: Parameters<ReadProviderLogout>): Promise<ProviderLogout> {
    const { provider, client, admit } = federated;
    const checks = {
      audience: provider.clientId,
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: maxAgeSeconds,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock()),
    };
    const { kid, claims } = partsOf(token, checks);
    const known = keptFor(provider.id)?.keys;
    const isKnown = known?.fresh === true && known.jwks()?.keys.some((key) => key.kid === kid) === true;
    if (!isKnown) await admit();
    const { issuer, jwks_uri: uri } = await client.serverMetadata();
    if (uri === undefined) throw new UpstreamError('refused', 'the provider publishes no keys');
    if (claims.iss !== issuer) throw new UpstreamError('refused', 'it is of another issuer');
    await jwtVerify(token, keysOf(federated, uri), { ...checks, issuer, algorithms });
    const { sid, iat: issuedAt } = claims;
    return { issuer, subject: claims.sub, sid: isIdentifier(sid) ? sid : undefined, issuedAt };
  }

  function keysOf({ provider, client }: Federated, uri: string): Keys {
    const found = keptFor(provider.id);
    if (found?.uri === uri) return found.keys;
    const cache: JWKSCacheInput = {};
    const keys = createRemoteJWKSet(new URL(uri), {
      ...{ cacheMaxAge: 60_000, cooldownDuration: 10_000, timeoutDuration: 5000 },
      [jwksCache]: cache,
      async [customFetch](address, { method, headers, redirect, signal }) {
        const answer = await client
          .fetch(address, { method, redirect, signal, headers: Object.fromEntries(headers), body: undefined })
          .catch((error: unknown) => Promise.reject(upstreamErrorFrom(error)));
        if (!answer.ok) throw new UpstreamError('unavailable', `its keys: status ${answer.status}`);
        return answer;
      },
    });
    kept.set(provider.id, { uri, keys, cache });
    return keys;
  }

  /** Not keys that our clock, which was ahead, dated in the future: jose would count them as fresh until then. */
  function keptFor(providerId: string) {
    const found = kept.get(providerId);
    const { uat: fetchedAt = 0 } = found?.cache ?? {};
    return fetchedAt <= Date.now() ? found : undefined;
  }
}

/** Reads a token and checks its claims, and not who signed it. */
function partsOf(token: string, checks: JWTClaimVerificationOptions) {
  const { alg = '', kid } = headerOf(token);
  if (!algorithms.includes(alg)) throw new UpstreamError('refused', 'it is not signed as it should be');
  const [, payload] = token.split('.');
  // jose checks the claims of a token without a signature alone.
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  const { payload: claims } = UnsecuredJWT.decode(unsigned, checks);
  const { sub, iat = 0, events } = claims;
  const isLogout = typeof events === 'object' && events !== null && event in events;
  // An ID token can have a nonce, and a logout token must not (§2.4), so neither passes for the other.
  if (!isLogout || claims['nonce'] !== undefined) throw new UpstreamError('refused', 'no logout token');
  // §2.4 allows a token with `sid` alone. We would have to keep that of every sign-in to know whose it is.
  if (!isIdentifier(sub)) throw new UpstreamError('refused', 'it names no person');
  return { kid, claims: { ...claims, sub, iat, sid: claims['sid'] } };
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch (error) {
    throw new UpstreamError('refused', 'it is no token', error);
  }
}
