import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import {
  type Configuration,
  interactionPolicy,
  type JWK,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider';
import { type Page, problemPage, signedOutPage, signOutPage } from './pages.ts';
import type { Person } from './people.ts';
import type { Store } from './store.ts';
import { textsFor } from './texts.ts';

/** Somebody who may ask Example ID who people are, in the terms of RFC 7591 §2 and of OpenID Connect. */
export type Client = {
  readonly client_id: string;
  readonly client_secret: string;
  /** Shown to people. Their client_id without it. */
  readonly client_name?: string;
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris?: readonly string[];
  readonly backchannel_logout_uri?: string;
  /** client_secret_basic without it. */
  readonly token_endpoint_auth_method?: 'client_secret_basic' | 'client_secret_post';
};

export type ProviderOptions = {
  readonly issuer: string;
  readonly clients: readonly Client[];
  readonly people: readonly Person[];
  readonly store: Store;
  readonly cookieKey: string;
  readonly signingKey: JWK;
  readonly warn: (error: unknown, what: string) => void;
};

const sessionSeconds = 8 * 60 * 60;

/** A new RSA key, for RS256. */
export async function makeSigningKey(): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    ...(privateKey.export({ format: 'jwk' }) as JWK),
    kid: randomBytes(8).toString('hex'),
    alg: 'RS256',
  };
}

/** The provider itself, without the page where people sign in: that is at /sign-in/ and the id of the interaction. */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, clients, people, store, cookieKey, signingKey, warn } = options;
  const policy = interactionPolicy.base();
  // Who signs in has read what is shared.
  policy.remove('consent');
  // localhost shares cookies between ports, so their names have ours.
  const nameOf = (what: string) => `example-id-${what}-${new URL(issuer).port || '443'}`;

  const configuration: Configuration = {
    adapter: store.adapter,
    clients: clients.map((client) => ({
      ...client,
      redirect_uris: [...client.redirect_uris],
      post_logout_redirect_uris: [...(client.post_logout_redirect_uris ?? [])],
      ...(client.backchannel_logout_uri !== undefined && { backchannel_logout_session_required: true }),
    })),
    jwks: { keys: [signingKey] },
    cookies: {
      keys: [cookieKey],
      names: { session: nameOf('session'), interaction: nameOf('interaction'), resume: nameOf('resume') },
    },
    findAccount: async (_context, id) => {
      const person = people.find(({ subject }) => subject === id);
      if (person === undefined) return undefined;
      const { subject: sub, name, username } = person;
      return { accountId: sub, claims: async () => ({ sub, name, preferred_username: username }) };
    },
    scopes: ['openid', 'profile'],
    claims: {
      ...{ acr: null, auth_time: null, iss: null, sid: null },
      openid: ['sub', 'amr'],
      profile: ['name', 'preferred_username'],
    },
    // As most providers do: the name is in the ID token, too.
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    pkce: { required: () => true },
    discovery: { ui_locales_supported: ['en', 'ko'] },
    interactions: { policy, url: async (_context, { uid }) => `/sign-in/${uid}` },
    async loadExistingGrant({ oidc }) {
      const { session, client, account } = oidc;
      if (client === undefined || account === undefined) return undefined;
      const given = session?.grantIdFor(client.clientId);
      const kept = given === undefined ? undefined : await oidc.provider.Grant.find(given);
      if (kept !== undefined) return kept;
      const grant = new oidc.provider.Grant({ accountId: account.accountId, clientId: client.clientId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      IdToken: 300,
      Interaction: 600,
      Session: sessionSeconds,
      Grant: sessionSeconds,
    },
    // Not the protected one of node-oidc-provider, which reaches no address of this machine.
    fetch(url, { dispatcher: _protected, ...init } = {}) {
      return fetch(url, init);
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context) {
          const { provider, session, params } = context.oidc;
          const { secret, postLogoutRedirectUri } = session?.state ?? {};
          const action = provider.pathFor('end_session_confirm');
          const redirectUri = postLogoutRedirectUri as string | undefined;
          const form = { action, xsrf: String(secret), redirectUri };
          send(context, signOutPage(textsOf(context, params?.['ui_locales']), form));
        },
        postLogoutSuccessSource: (context) => send(context, signedOutPage(textsOf(context))),
      },
    },
    renderError(context, { error, error_description: description = '' }) {
      const what = context.status < 500 && error === 'invalid_request' ? 'tooOld' : 'broken';
      send(context, problemPage(textsOf(context), what, `${error}: ${description}`));
    },
  };
  const provider = new Provider(issuer, configuration);
  // What the Host and scheme of a request are is for app.ts to say.
  provider.proxy = true;
  provider.on('server_error', (_context, error) => warn(error, 'a request failed'));
  provider.on('backchannel.error', (_context, error, { clientId }) =>
    warn(error, `${clientId} could not be told that somebody signed out`),
  );
  return provider;
}

function textsOf(context: KoaContextWithOIDC, uiLocales?: unknown) {
  return textsFor(uiLocales, context.get('accept-language'));
}

function send(context: KoaContextWithOIDC, { html, headers }: Page): void {
  context.set({ ...headers });
  context.body = html;
}
