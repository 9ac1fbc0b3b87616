import * as oidc from 'openid-client';
import { signAppleSecret } from './apple-secret.ts';
import type { OAuthProvider, Provider, ProviderAuthMethod } from './provider.ts';

/** People wait for it. */
const timeoutSeconds = 5;
/** A provider's document changes rarely, and this way never needs a restart. */
const metadataMs = 10 * 60_000;
/** How much the provider's clock may differ from ours, in seconds. */
export const skewSeconds = 30;
/** The age, in seconds, from which openid-client fetches keys again for an unknown `kid`. */
const keysAgeSeconds = 60;

/** What openid-client needs to speak with one provider: its document, its keys, and how we authenticate. */
export function createConfigurations(
  provider: Provider,
  options: {
    readonly fetch: oidc.CustomFetch;
    /** Milliseconds since the epoch. */
    readonly clock: () => number;
  },
) {
  const { fetch, clock } = options;
  let document: { readonly text: string; readonly since: number } | undefined;
  let keys: ReturnType<typeof oidc.getJwksCache>;

  return { configuration, keepKeysOf };

  /**
   * A new one each time, since openid-client keeps the keys with it, and refuses a `kid` that it does not know while they
   * are younger than a minute. We hand it older ones.
   */
  async function configuration(): Promise<oidc.Configuration> {
    const { oauth } = provider;
    // It reads the machine's clock, and we have ours.
    const skew = Math.round((clock() - Date.now()) / 1000);
    const metadata = { [oidc.clockTolerance]: skewSeconds, [oidc.clockSkew]: skew };
    if (oauth !== undefined) return withoutDiscovery(oauth, metadata);
    const made = await discover(metadata);
    // Our clock was ahead if it dated the keys in the future. They would count as fresh until then.
    if (keys !== undefined && keys.uat * 1000 <= Date.now())
      oidc.setJwksCache(made, { ...keys, uat: keys.uat - keysAgeSeconds });
    return made;
  }

  /** The document is fetched once in a while only, and kept when openid-client has accepted it. */
  async function discover(metadata: Partial<oidc.ClientMetadata>): Promise<oidc.Configuration> {
    const isInsecure = provider.issuer.startsWith('http:');
    const isFresh = document !== undefined && Math.abs(clock() - document.since) < metadataMs;
    let text = isFresh ? document?.text : undefined;
    const isKept = text !== undefined;
    const fetchUnlessKept: oidc.CustomFetch = async (url, options) => {
      if (!url.endsWith('/.well-known/openid-configuration')) return fetch(url, options);
      if (text === undefined) {
        const response = await fetch(url, options);
        if (!response.ok) return response;
        text = await response.text();
      }
      return new Response(text, { headers: { 'content-type': 'application/json' } });
    };
    const made = await oidc.discovery(new URL(provider.issuer), provider.clientId, metadata, authentication, {
      [oidc.customFetch]: fetchUnlessKept,
      timeout: timeoutSeconds,
      execute: [oidc.enableNonRepudiationChecks, ...(isInsecure ? [oidc.allowInsecureRequests] : [])],
    });
    if (!isKept && text !== undefined) document = { text, since: clock() };
    return made;
  }

  /** Keeps the keys that were fetched with it for the next one. */
  function keepKeysOf(used: oidc.Configuration): void {
    const now = oidc.getJwksCache(used);
    const isFetched = now !== undefined && now.uat !== (keys?.uat ?? 0) - keysAgeSeconds;
    if (isFetched) keys = now;
  }

  function withoutDiscovery(
    { authorizationEndpoint, tokenEndpoint }: OAuthProvider,
    metadata: Partial<oidc.ClientMetadata>,
  ): oidc.Configuration {
    const { issuer, clientId } = provider;
    const server = { issuer, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint };
    const made = new oidc.Configuration(server, clientId, metadata, authentication);
    made[oidc.customFetch] = fetch;
    made.timeout = timeoutSeconds;
    return made;
  }

  /** Apple's secret is signed for each request. */
  function authentication(...request: Parameters<oidc.ClientAuth>): void {
    const { secret, clientId, issuer, authMethod = methodOf(request[0]) } = provider;
    const now = Math.floor(clock() / 1000);
    const text =
      secret.kind === 'secret' ? secret.secret : signAppleSecret(secret, { clientId, issuer, now });
    const present = authMethod === 'client_secret_post' ? oidc.ClientSecretPost : oidc.ClientSecretBasic;
    present(text)(...request);
  }
}

/** In the body where that is taken: HTTP Basic has the secret form-encoded, and some providers do not decode it. */
function methodOf({
  token_endpoint_auth_methods_supported: methods,
}: oidc.ServerMetadata): ProviderAuthMethod {
  // Without a list, only Basic is sure (OpenID Connect Discovery §3).
  return methods?.includes('client_secret_post') === true ? 'client_secret_post' : 'client_secret_basic';
}
