import * as jose from 'jose';
import * as openid from 'openid-client';
import type { Settings } from './settings.ts';

/** What has to come back with the answer to one sign-in. It never leaves this server. */
export type PendingSignIn = { readonly verifier: string; readonly state: string; readonly nonce: string };

export type Tokens = {
  readonly access: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Undefined when the provider gave none. */
  readonly refresh: string | undefined;
};

export type Provider = ReturnType<typeof createProvider>;

/** Not the last second of a token: it has to arrive before it expires. */
const marginMs = 5000;

/** The provider refuses a person's tokens. `reason`: why, such as `consent_withdrawn`. */
export class SignInEnded extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`the sign-in has ended: ${reason}`);
    this.reason = reason;
  }
}

/** Signs people in at the OpenID provider whose metadata is at `issuer`. */
export function createProvider(settings: Settings, clock: () => number) {
  const { issuer, clientId, clientSecret, providerUrl } = settings;
  const redirectUri = `${settings.publicUrl}/callback`;
  let discovered: Promise<openid.Configuration> | undefined;
  let keys: ReturnType<typeof jose.createRemoteJWKSet> | undefined;

  /**
   * Sends our own requests to where we reach the provider. Browsers go to the addresses in its metadata, which has to
   * name the issuer all the same.
   */
  const reachAny = (url: string, options: RequestInit): Promise<Response> => {
    const { origin, pathname, search } = new URL(url);
    const isThere = origin === new URL(issuer).origin;
    return fetch(isThere ? new URL(pathname + search, providerUrl) : url, options);
  };
  const reach: openid.CustomFetch = (url, options) => reachAny(url, options as RequestInit);

  /** Reads the metadata. They have to name the issuer, with a slash at its end or without: the provider decides that. */
  async function discover(): Promise<openid.Configuration> {
    const known = withoutSlash(issuer);
    // openid-client compares the issuer only where it makes this URL itself, and takes the slash for a difference.
    const metadata = new URL(`${known}/.well-known/openid-configuration`);
    const found = await openid.discovery(
      metadata,
      clientId,
      undefined,
      openid.ClientSecretBasic(clientSecret),
      {
        timeout: 5,
        [openid.customFetch]: reach,
        execute: [
          openid.enableNonRepudiationChecks,
          // The settings allow http for this machine only.
          ...(issuer.startsWith('http:') ? [openid.allowInsecureRequests] : []),
        ],
      },
    );
    const named = found.serverMetadata().issuer;
    if (withoutSlash(named) !== known) throw new Error(`the metadata name another issuer: ${named}`);
    return found;
  }

  /** Reads the metadata once, and again when that has failed. */
  function configuration(): Promise<openid.Configuration> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  function tokensOf(answer: openid.TokenEndpointResponse): Tokens {
    return {
      access: answer.access_token,
      expiresAt: clock() + (answer.expires_in ?? 60) * 1000 - marginMs,
      refresh: answer.refresh_token,
    };
  }

  return {
    /** Begins a sign-in: where the browser has to go, and what to check when it is back. */
    async begin(): Promise<{ url: URL; pending: PendingSignIn }> {
      const verifier = openid.randomPKCECodeVerifier();
      const pending = { verifier, state: openid.randomState(), nonce: openid.randomNonce() };
      const url = openid.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: 'openid profile offline_access wishlist:read',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
      });
      return { url, pending };
    },

    /** Redeems the code in `url`, to which the browser came back. Checks state, issuer, nonce, signature and PKCE. */
    async redeem(url: URL, { verifier, state, nonce }: PendingSignIn) {
      const config = await configuration();
      const answer = await openid.authorizationCodeGrant(config, url, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
      });
      const claims = answer.claims();
      const subject = claims?.sub ?? '';
      const sid = claims?.['sid'];
      const person = await openid.fetchUserInfo(config, answer.access_token, subject);
      const name = person.preferred_username ?? subject;
      return { name, sid: typeof sid === 'string' ? sid : undefined, tokens: tokensOf(answer) };
    },

    /** @throws SignInEnded when the provider refuses */
    async refresh({ refresh }: Tokens): Promise<Tokens> {
      if (refresh === undefined) throw new SignInEnded('expired');
      try {
        const next = tokensOf(await openid.refreshTokenGrant(await configuration(), refresh));
        return { ...next, refresh: next.refresh ?? refresh };
      } catch (error) {
        if (!(error instanceof openid.ResponseBodyError) || error.status >= 500 || isRefusalOfUs(error))
          throw error;
        // Not a standard member: our provider says why a session has ended.
        const { reason } = error.cause;
        throw new SignInEnded(typeof reason === 'string' ? reason : error.error);
      }
    },

    /**
     * The session that a logout token says has ended (OpenID Connect Back-Channel Logout §2.6).
     *
     * @throws when the token is not valid
     */
    async readLogout(token: string): Promise<string> {
      const { issuer, jwks_uri: jwksUri = '' } = (await configuration()).serverMetadata();
      keys ??= jose.createRemoteJWKSet(new URL(jwksUri), {
        [jose.customFetch]: reachAny,
      });
      const { payload } = await jose.jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        typ: 'logout+jwt',
        requiredClaims: ['iat', 'jti', 'events', 'sid'],
        maxTokenAge: '5 min',
        currentDate: new Date(clock()),
      });
      const { events, nonce, sid } = payload;
      const isLogout = Object.hasOwn(
        Object(events) as object,
        'http://schemas.openid.net/event/backchannel-logout',
      );
      if (!isLogout || nonce !== undefined || typeof sid !== 'string') throw new Error('no logout token');
      return sid;
    },

    /** Ends the session at the provider, and with it all of its tokens. */
    async revoke({ refresh, access }: Tokens): Promise<void> {
      await openid.tokenRevocation(await configuration(), refresh ?? access);
    },
  };
}

/** In the one form in which URLs are compared. */
function withoutSlash(url: string): string {
  return new URL(url).href.replace(/\/$/, '');
}

/** Whether the person did not allow the sign-in. */
export function isDenial(error: unknown): boolean {
  return error instanceof openid.AuthorizationResponseError && error.error === 'access_denied';
}

/** Whether the provider does not know us by our id and secret (RFC 6749 §5.2). */
export function isRefusalOfUs(error: unknown): boolean {
  return (
    (error instanceof openid.ResponseBodyError && error.error === 'invalid_client') ||
    // Not a Bearer challenge, which would be about a person's token.
    (error instanceof openid.WWWAuthenticateChallengeError &&
      error.cause.some(({ scheme }) => scheme === 'basic'))
  );
}
