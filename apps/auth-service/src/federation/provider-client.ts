import { createHmac } from 'node:crypto';
import { isBlank, shownText } from '@latchkey/service-kit/text';
import * as oidc from 'openid-client';
import { createBoundedFetch } from './bounded-fetch.ts';
import { createConfigurations, skewSeconds } from './configurations.ts';
import { isIdentifier, type OAuthProvider, type Provider, type UpstreamPerson } from './provider.ts';
import { UpstreamError, upstreamErrorFrom } from './upstream-error.ts';

/** Asked for with `max_age`, a provider must say `auth_time` (OpenID Connect Core §2). A year refuses hardly anybody. */
const anyAgeSeconds = 31_536_000;

/** What binds the answer to the request (RFC 9700 §4.7). */
export type UpstreamChecks = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The person must have authenticated there at most so many seconds before the request; undefined: whenever. */
  readonly maxAge: number | undefined;
  /** When the request was made, in seconds since the epoch. */
  readonly startedAt: number;
};

export type ProviderClient = ReturnType<typeof createProviderClient>;

/**
 * Speaks with one provider, by openid-client: discovery, the code flow with PKCE, state, nonce and `iss`, and the ID
 * token with its signature. Of an OAuth provider it reads the profile instead. Keeps no token.
 *
 * Rejects with UpstreamError.
 *
 * @example
 * const client = createProviderClient(provider, { redirectUri, clock: Date.now });
 * const url = await client.begin(checks);
 * const person = await client.complete(new URL(callback), checks);
 */
export function createProviderClient(
  provider: Provider,
  options: {
    readonly redirectUri: string;
    /** Milliseconds since the epoch. */
    readonly clock: () => number;
  },
) {
  const { clock } = options;
  const fetch = createBoundedFetch(provider.reachedAt);
  const { configuration, keepKeysOf } = createConfigurations(provider, { fetch, clock });

  return {
    /** Where to send the browser. */
    begin: (checks: UpstreamChecks, uiLocales?: string): Promise<URL> =>
      orUpstreamError(async () => {
        return oidc.buildAuthorizationUrl(await configuration(), {
          redirect_uri: options.redirectUri,
          ...(provider.scope !== '' && { scope: provider.scope }),
          state: checks.state,
          ...(provider.oauth === undefined && { nonce: checks.nonce }),
          code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
          code_challenge_method: 'S256',
          ...(provider.responseMode === 'form_post' && { response_mode: 'form_post' }),
          ...(provider.canReauthenticate && { max_age: String(checks.maxAge ?? anyAgeSeconds) }),
          ...(checks.maxAge === 0 && { prompt: 'login' }),
          ...(uiLocales !== undefined && { ui_locales: uiLocales }),
        });
      }),

    /** Who has signed in there. `callback`: the redirect URI with the answer's parameters as its query. */
    complete: (callback: URL, checks: UpstreamChecks): Promise<UpstreamPerson> =>
      orUpstreamError(async () => {
        const speaking = await configuration();
        const expected = {
          pkceCodeVerifier: checks.verifier,
          expectedState: checks.state,
          ...(provider.oauth === undefined && { expectedNonce: checks.nonce, idTokenExpected: true }),
        };
        const more = provider.oauth?.repeatsState === true ? { state: checks.state } : {};
        const tokens = await oidc.authorizationCodeGrant(speaking, callback, expected, more);
        const person =
          provider.oauth === undefined
            ? personOf(tokens.claims(), callback)
            : await readProfile(speaking, provider.oauth, tokens.access_token);
        refuseIfTooOld(person, checks);
        keepKeysOf(speaking);
        return person;
      }),

    /** The provider's document, for what openid-client does not do. */
    serverMetadata: (): Promise<oidc.ServerMetadata> =>
      orUpstreamError(async () => (await configuration()).serverMetadata()),

    /** Fetches as this provider has to be reached. */
    fetch,
  };

  function refuseIfTooOld({ authTime }: UpstreamPerson, { maxAge, startedAt }: UpstreamChecks): void {
    if (maxAge === undefined) return;
    if (authTime === undefined || authTime < startedAt - maxAge - skewSeconds)
      throw new UpstreamError('refused', 'the person did not authenticate anew');
  }

  function personOf(claims: oidc.IDToken | undefined, callback: URL): UpstreamPerson {
    if (claims === undefined) throw new UpstreamError('refused', 'there is no ID token');
    // openid-client has checked that it is a number.
    const { auth_time: authTime, sid } = claims;
    return {
      ...checkedIdentity(claims.iss, claims.sub),
      name: shownName(claims['name'] ?? claims['preferred_username'] ?? appleName(callback)),
      authTime: authTime === undefined ? undefined : Math.floor(Math.min(authTime, clock() / 1000)),
      sid: isIdentifier(sid) ? sid : undefined,
    };
  }

  async function readProfile(
    speaking: oidc.Configuration,
    oauth: OAuthProvider,
    accessToken: string,
  ): Promise<UpstreamPerson> {
    const url = new URL(oauth.profileEndpoint);
    if (oauth.isProven && provider.secret.kind === 'secret') {
      const proof = createHmac('sha256', provider.secret.secret).update(accessToken).digest('hex');
      url.searchParams.set('appsecret_proof', proof);
    }
    const headers = new Headers({ accept: 'application/json', 'user-agent': 'latchkey' });
    const response = await oidc.fetchProtectedResource(speaking, accessToken, url, 'GET', undefined, headers);
    if (response.status >= 500) throw new UpstreamError('unavailable', `profile: status ${response.status}`);
    const person = response.ok ? oauth.read(await response.json()) : undefined;
    if (person === undefined)
      throw new UpstreamError('refused', `profile: status ${response.status}, without a person`);
    const { subject, name } = person;
    const identity = checkedIdentity(provider.issuer, subject);
    return { ...identity, name: shownName(name), authTime: undefined, sid: undefined };
  }
}

function checkedIdentity(issuer: string, subject: string): Pick<UpstreamPerson, 'issuer' | 'subject'> {
  if (isIdentifier(issuer) && isIdentifier(subject)) return { issuer, subject };
  throw new UpstreamError('refused', 'issuer or subject cannot be kept');
}

async function orUpstreamError<Result>(task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    throw upstreamErrorFrom(error);
  }
}

/** Apple says the name in the form of the first sign-in, and nowhere else. */
function appleName(callback: URL): string | undefined {
  try {
    const user = JSON.parse(callback.searchParams.get('user') ?? '{}') as { name?: Record<string, unknown> };
    const names = [user.name?.['firstName'], user.name?.['lastName']];
    return names.filter((part) => typeof part === 'string').join(' ');
  } catch {
    return undefined;
  }
}

/** What people see of a name that a stranger has chosen. */
function shownName(name: unknown): string | null {
  if (typeof name !== 'string' || !name.isWellFormed()) return null;
  const seen = shownText(name.replaceAll(/\s/g, ' ')).trim();
  return isBlank(seen) ? null : [...seen].slice(0, 80).join('');
}
