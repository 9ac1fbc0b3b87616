import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { freePort, proxyPrograms, startApache, type TestProxy } from '@latchkey/dev-stack/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import * as oauth from 'oauth4webapi';
import { beforeAll, describe, expect, test } from 'vitest';
import { bearer, decode, signIn, startAuthApp, testPassword } from '../support/auth-app.ts';
import { callback, registerApplication, somebody } from './authorization/authorization-fixture.ts';

const issuer = new URL(`http://127.0.0.1:${await freePort()}`);
const auth = await forThisFile(startAuthApp({ env: { ISSUER: issuer.origin } }));
await auth.app.listen({ host: '127.0.0.1', port: Number(issuer.port) });
const scopes = ['openid', 'profile', 'offline_access'];

/** A browser over HTTP. It follows redirects between loopback servers, and stops at any other address. */
function createBrowser() {
  const jars = new Map<string, Map<string, string>>();
  return async function visit(url: string, form?: Record<string, string>) {
    let next = new URL(url);
    let body = form && new URLSearchParams(form);
    for (;;) {
      const { origin, href } = next;
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      const sent = request(href, {
        method: body ? 'POST' : 'GET',
        headers: {
          accept: 'text/html',
          cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body && { origin, 'content-type': 'application/x-www-form-urlencoded' }),
        },
      });
      sent.end(body?.toString());
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      for (const cookie of answer.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      const page = await text(answer);
      const { location = null } = answer.headers;
      if (location !== null) next = new URL(location, next);
      if (location === null || next.hostname !== '127.0.0.1')
        return { url: next, status: answer.statusCode, headers: answer.headers, text: page };
      body = undefined;
    }
  };
}

/** Goes through our pages, from the one of a sign-in. */
async function signInAt(visit: ReturnType<typeof createBrowser>, page: URL, username: string) {
  await visit(page.href, { action: 'sign_in', username, password: testPassword });
  return visit(page.href, { action: 'allow' });
}

test('oauth4webapi signs somebody in, reads UserInfo, refreshes, and signs out', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const bye = 'https://app.example/bye';
  const { id, secret = '' } = await registerApplication(auth, {
    scopes,
    token_endpoint_auth_method: 'client_secret_basic',
    post_logout_redirect_uris: [bye],
  });
  const client: oauth.Client = { client_id: id };
  const authentication = oauth.ClientSecretBasic(secret);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ];
  const asked = new URLSearchParams({
    client_id: id,
    redirect_uri: callback,
    response_type: 'code',
    scope: scopes.join(' '),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const visit = createBrowser();
  const username = await somebody(auth.app);
  const { url: page } = await visit(`${server.authorization_endpoint}?${asked}`);
  const { url: returned } = await signInAt(visit, page, username);

  // Mix-up (RFC 9700 §4.4.2.1): the metadata tells the client that each answer has our iss (RFC 9207 §3).
  for (const [name, value] of [['iss', 'https://evil.example'], ['iss'], ['state', 'another']] as const) {
    const other = new URL(returned);
    if (value === undefined) other.searchParams.delete(name);
    else other.searchParams.set(name, value);
    expect(() => oauth.validateAuthResponse(server, client, other, state)).toThrow(`"${name}"`);
  }
  const parameters = oauth.validateAuthResponse(server, client, returned, state);
  const tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      callback,
      verifier,
      insecure,
    ),
    { expectedNonce: nonce, requireIdToken: true },
  );
  const { sub } = oauth.getValidatedIdTokenClaims(tokens) ?? { sub: '' };
  const known = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
  expect(await oauth.processUserInfoResponse(server, client, sub, known)).toMatchObject({
    preferred_username: username,
  });

  const refresh = (token = '') =>
    oauth.refreshTokenGrantRequest(server, client, authentication, token, insecure);
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await refresh(tokens.refresh_token),
  );
  const left = await visit(
    `${server.end_session_endpoint}?${new URLSearchParams({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: bye })}`,
  );
  expect(left.url.href).toBe(bye);
  const late = oauth.processRefreshTokenResponse(server, client, await refresh(refreshed.refresh_token));
  await expect(late).rejects.toMatchObject({ error: 'invalid_grant' });
});

/** Skipped without apache2-bin and libapache2-mod-auth-openidc. */
describe.skipIf(proxyPrograms.apache === undefined)('a page behind Apache with mod_auth_openidc', () => {
  let apache: TestProxy;
  beforeAll(async () => {
    apache = await startApache({
      async directives(url) {
        const { id, secret } = await registerApplication(auth, {
          scopes,
          redirect_uris: [`${url}/oidc`],
          post_logout_redirect_uris: [`${url}/`],
          backchannel_logout_uri: `${url}/oidc?logout=backchannel`,
          token_endpoint_auth_method: 'client_secret_basic',
        });
        return `OIDCProviderMetadataURL ${issuer.origin}/.well-known/openid-configuration
OIDCClientID ${id}
OIDCClientSecret ${secret}
OIDCRedirectURI ${url}/oidc
OIDCCryptoPassphrase ${secret}
OIDCScope "${scopes.join(' ')}"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
<Location />
  AuthType openid-connect
  Require valid-user
  Header set x-user "expr=%{REMOTE_USER}"
  Header set x-access-token "%{OIDC_access_token}e"
</Location>`;
      },
    });
    return () => apache.stop();
  });

  async function signedIn() {
    const visit = createBrowser();
    const { url: page } = await visit(`${apache.url}/`);
    expect(page.href.startsWith(`${issuer.origin}/authorize/`)).toBe(true);
    const username = await somebody(auth.app);
    const shown = await signInAt(visit, page, username);
    expect([shown.status, shown.url.href]).toEqual([200, `${apache.url}/`]);
    const [token, user] = ['x-access-token', 'x-user'].map((name) => String(shown.headers[name]));
    return { visit, username, token: token ?? '', user };
  }

  test('signs somebody in, and refreshes', async () => {
    const { visit, token, user } = await signedIn();
    expect(user).toBe(decode(token).claims['sub']);
    const refreshing = new URLSearchParams({ refresh: `${apache.url}/`, access_token: token });
    const refreshed = await visit(`${apache.url}/oidc?${refreshing}`);
    expect(refreshed.status).toBe(200);
    const next = String(refreshed.headers['x-access-token']);
    expect(decode(next).claims['jti']).not.toBe(decode(token).claims['jti']);
    expect(decode(next).claims['sid']).toBe(decode(token).claims['sid']);
  });

  test('signs out, here and there', async () => {
    const { visit } = await signedIn();
    const { url: page, text } = await visit(
      `${apache.url}/oidc?${new URLSearchParams({ logout: `${apache.url}/` })}`,
    );
    expect(page.href.startsWith(`${issuer.origin}/authorize/`)).toBe(true);
    expect(text).toContain('name="password"');
  });

  test('forgets somebody whose session ended elsewhere (back-channel logout)', async () => {
    const { visit, username } = await signedIn();
    const own = await signIn(auth.app, username);
    await auth.app.inject({ method: 'DELETE', url: '/sessions', headers: bearer(own.access_token) });
    await eventually('the page asks for a sign-in', async () =>
      expect((await visit(`${apache.url}/`)).url.origin).toBe(issuer.origin),
    );
  });
});
