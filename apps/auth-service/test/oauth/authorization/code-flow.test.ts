import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../../src/commands/run-command.ts';
import {
  bearer,
  decode,
  postForm,
  refresh,
  startAuthApp,
  testIssuer,
  whoAmI,
} from '../../support/auth-app.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  signInAt,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const application = await registerApplication(auth);

const userInfo = (token: string) => app.inject({ url: '/userinfo', headers: bearer(token) });

describe('an application of others', () => {
  test('gets a token for what the person allowed, an ID token, and UserInfo; and nothing at auth-service', async () => {
    const username = await somebody(app);
    const flow = createFlow(application.id);
    const answer = await authorize(createBrowser(app), flow, username);
    expect(answer).toMatchObject({ state: flow.state, iss: testIssuer });

    const tokens = (await flow.redeem(app, answer['code'] ?? '')).json();
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid wishlist:read' });
    expect(tokens.refresh_token).toBeUndefined();
    const access = decode(tokens.access_token);
    expect(access.header['typ']).toBe('at+jwt');
    expect(access.claims).toMatchObject({ client_id: application.id, aud: ['wishlist-service', 'userinfo'] });
    const id = decode(tokens.id_token);
    expect(id.header['typ']).toBe('JWT');
    expect(id.claims).toMatchObject({
      iss: testIssuer,
      aud: application.id,
      sub: access.claims['sub'],
      nonce: 'n-1',
      amr: ['pwd'],
      sid: access.claims['sid'],
      auth_time: access.claims['auth_time'],
    });
    expect(JSON.stringify([access, id])).not.toContain(username);

    expect((await userInfo(tokens.access_token)).json()).toEqual({ sub: access.claims['sub'] });
    // A POST has no body either after a proxy has made it chunked.
    const headers = { ...bearer(tokens.access_token), 'transfer-encoding': 'chunked' };
    const posted = { method: 'POST', url: '/userinfo', headers, payload: Readable.from([]) } as const;
    expect((await app.inject(posted)).json()).toEqual({ sub: access.claims['sub'] });
    expect((await whoAmI(app, tokens.access_token)).statusCode).toBe(401);
    const own = ['/sessions', '/account/consents', '/clients'];
    for (const url of own)
      expect((await app.inject({ url, headers: bearer(tokens.access_token) })).statusCode).toBe(401);
  });

  test('gets a refresh token and the user name where the person allowed that', async () => {
    const username = await somebody(app);
    const flow = createFlow(application.id, { scope: 'openid profile offline_access' });
    const { code = '' } = await authorize(createBrowser(app), flow, username);
    const tokens = (await flow.redeem(app, code)).json();
    expect((await userInfo(tokens.access_token)).json()).toMatchObject({ preferred_username: username });
    const next = await refresh(app, tokens.refresh_token, { client_id: application.id });
    expect(next.json()).toMatchObject({ scope: 'openid profile offline_access' });
    expect(decode(next.json().access_token).claims['aud']).toEqual(['userinfo']);
  });

  test('is not asked about again, and gets what was allowed without a page', async () => {
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), await somebody(app));
    expect(returned(await browser.get(createFlow(application.id).url))['code']).toBeDefined();
    const silent = createFlow(application.id, { prompt: 'none' });
    expect(returned(await browser.get(silent.url))['code']).toBeDefined();
    // More than was allowed is asked for.
    const more = createFlow(application.id, { scope: 'openid cart:read' });
    expect((await browser.get(nextPage(await browser.get(more.url)))).body).toContain('see your cart');
  });

  test('is told when the person refuses, and gets no code', async () => {
    const browser = createBrowser(app);
    const flow = createFlow(application.id);
    const page = await signInAt(browser, flow.url, await somebody(app));
    const answer = returned(await browser.post(page, { action: 'deny' }));
    expect(answer).toMatchObject({ error: 'access_denied', state: flow.state, iss: testIssuer });
    expect(answer['code']).toBeUndefined();
    expect((await browser.get(page)).statusCode).toBe(404);
  });

  test('is asked about by name, service and place; in Korean for who reads Korean', async () => {
    const browser = createBrowser(app);
    const page = await signInAt(browser, createFlow(application.id).url, await somebody(app));
    const english = await browser.get(page);
    for (const text of ['Gift ideas', 'see your wishlist', 'wishlist-service', 'app.example'])
      expect(english.body).toContain(text);
    expect((await browser.get(page, { 'accept-language': 'ko-KR,ko;q=0.9' })).body).toContain(
      '위시리스트 보기',
    );
  });

  test('revokes its own access token, also one that is good for UserInfo alone (RFC 7009)', async () => {
    const flow = createFlow(application.id, { scope: 'openid' });
    const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    const { access_token: token } = (await flow.redeem(app, code)).json();
    const revoked = await app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ client_id: application.id, token }).toString(),
    });
    expect(revoked.statusCode).toBe(200);
    await eventually('it is refused', async () => expect((await userInfo(token)).statusCode).toBe(401));
  });

  test('may not take a password itself', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: application.id, username: 'a', password: 'b' },
    });
    expect(answer.json().code).toBe('unknown_client');
  });

  test('loses everything at once when the person withdraws their consent, also a code that is not redeemed yet', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    const scope = 'openid offline_access';
    const first = createFlow(application.id, { scope });
    const { code = '' } = await authorize(browser, first, username);
    const tokens = (await first.redeem(app, code)).json();
    const second = createFlow(application.id, { scope });
    const unredeemed = returned(await browser.get(second.url))['code'] ?? '';

    const own = await app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username, password: 'a long enough passphrase' },
    });
    const headers = bearer(own.json().access_token);
    const listed = await app.inject({ url: '/account/consents', headers });
    expect(listed.json().consents).toMatchObject([{ client_id: application.id, name: 'Gift ideas' }]);
    const url = `/account/consents/${application.id}`;
    expect((await app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(204);
    expect((await app.inject({ method: 'DELETE', url, headers })).json().code).toBe('consent_not_found');

    await eventually('the token is refused', async () =>
      expect((await userInfo(tokens.access_token)).json()).toMatchObject({ reason: 'consent_withdrawn' }),
    );
    const refused = await refresh(app, tokens.refresh_token, { client_id: application.id });
    expect(refused.json()).toMatchObject({ error: 'invalid_grant', reason: 'consent_withdrawn' });
    expect((await second.redeem(app, unredeemed)).json().error).toBe('invalid_grant');
  });
});

describe('one of our own clients', () => {
  const redirect_uri = 'http://127.0.0.1:49152/callback';

  test('is not asked about, gets all scopes of the person’s roles, and a refresh token', async () => {
    const browser = createBrowser(app);
    const { scope: _, ...parameters } = createFlow('latchkey-cli', { redirect_uri }).parameters;
    const flow = createFlow('latchkey-cli', { redirect_uri });
    const url = `/authorize?${new URLSearchParams({ ...parameters, code_challenge: flow.parameters['code_challenge'] ?? '' })}`;
    const page = await signInAt(browser, url, await somebody(app));
    const { code = '' } = returned(await browser.get(page), redirect_uri);
    const tokens = (await flow.redeem(app, code)).json();
    expect(tokens.scope.split(' ')).toContain('payment:write');
    expect((await whoAmI(app, tokens.access_token)).statusCode).toBe(200);
    expect((await refresh(app, tokens.refresh_token)).statusCode).toBe(200);
  });
});

describe('a code', () => {
  async function aCode(changes: Record<string, string> = {}) {
    const flow = createFlow(application.id, { scope: 'openid offline_access', ...changes });
    const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    return { flow, code };
  }

  test('that is used twice ends the session which came of it (RFC 9700 §2.1.1)', async () => {
    const { flow, code } = await aCode();
    const tokens = (await flow.redeem(app, code)).json();
    const again = await flow.redeem(app, code);
    expect(again.statusCode).toBe(400);
    expect(again.json().error).toBe('invalid_grant');
    await eventually('the token is refused', async () =>
      expect((await userInfo(tokens.access_token)).json()).toMatchObject({ reason: 'code_reused' }),
    );
    expect((await refresh(app, tokens.refresh_token, { client_id: application.id })).json()).toMatchObject({
      error: 'invalid_grant',
      reason: 'code_reused',
    });
  });

  test('that is redeemed ten times at once gives one session at most', async () => {
    const { flow, code } = await aCode();
    const answers = await Promise.all(Array.from({ length: 10 }, () => flow.redeem(app, code)));
    expect(answers.filter(({ statusCode }) => statusCode === 200).length).toBeLessThanOrEqual(1);
    for (const { statusCode, body } of answers)
      if (statusCode !== 200) expect(JSON.parse(body).error).toBe('invalid_grant');
  });

  test.each([
    ['another verifier (code injection, RFC 9700 §4.5)', { code_verifier: 'x'.repeat(43) }],
    ['another redirect URI', { redirect_uri: 'https://app.example/callback2' }],
    ['another client', { client_id: 'latchkey-cli' }],
    ['another code', { code: `0-${'x'.repeat(22)}` }],
    ['a code that cannot be one', { code: '../../etc' }],
    ['a shard that does not exist', { code: `7-${'x'.repeat(22)}` }],
  ])('is refused with %s, and stays good', async (_, changes) => {
    const { flow, code } = await aCode();
    const refused = await flow.redeem(app, code, changes);
    expect(refused.json().error).toBe('invalid_grant');
    expect((await flow.redeem(app, code)).statusCode).toBe(200);
  });

  test.each([
    ['without a verifier', { code_verifier: '' }],
    ['with a verifier that is too short', { code_verifier: 'short' }],
    ['without a redirect URI', { redirect_uri: '' }],
  ])('%s is a bad request', async (_, changes) => {
    const { flow, code } = await aCode();
    expect((await flow.redeem(app, code, changes)).json().error).toBe('invalid_request');
  });

  test('dies with the login that it came of', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    const flow = createFlow(application.id);
    const { code = '' } = await authorize(browser, flow, username);
    const own = await app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username, password: 'a long enough passphrase' },
    });
    await app.inject({ method: 'DELETE', url: '/sessions', headers: bearer(own.json().access_token) });
    expect((await flow.redeem(app, code)).json().error).toBe('invalid_grant');
    expect((await browser.get(nextPage(await browser.get(createFlow(application.id).url)))).body).toContain(
      'name="password"',
    );
  });
});

describe('confidential applications', () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });

  test('redeem with their secret, and with nothing else', async () => {
    const { id, secret = '' } = await registerApplication(auth, {
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const flow = createFlow(id);
    const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    expect((await flow.redeem(app, code)).json().error).toBe('invalid_client');
    expect((await flow.redeem(app, code, {}, basic(id, 'guess'))).statusCode).toBe(401);
    expect((await flow.redeem(app, code, { client_secret: secret })).statusCode).toBe(401);
    expect((await flow.redeem(app, code, {}, basic('latchkey-cli', secret))).statusCode).toBe(401);
    expect((await flow.redeem(app, code, {}, basic(id, secret))).statusCode).toBe(200);
  });

  test.each([
    ['a plus sign and a percent sign', 'with-signs', 'a+b%_'],
    ['what looks form-encoded', 'with-code', 'a%2Bb'],
  ])('prove a secret with %s in HTTP Basic, form-encoded or as it stands', async (_, id, start) => {
    const secret = `${start}${randomBytes(30).toString('base64url')}`;
    const application = { id, secret, name: 'Gifts', redirect_uris: [callback], scopes: ['openid'] };
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const stdin = Readable.from([JSON.stringify(application)]);
    expect(await runCommand(['register-applications'], { env: auth.env, stdin, stdout, stderr })).toBe(0);
    const statusWith = async (user: string, password: string) => {
      const headers = basic(user, password);
      return (await postForm(app, { url: '/revoke', parameters: { token: 'x' }, headers })).statusCode;
    };
    await eventually('auth-service knows the application', async () =>
      expect(await statusWith(id, encodeURIComponent(secret))).toBe(200),
    );
    expect(await statusWith(id, secret)).toBe(200);
    for (const wrong of ['', '%', `${secret}%`, encodeURIComponent(encodeURIComponent(secret))])
      expect([wrong, await statusWith(id, wrong)]).toEqual([wrong, 401]);
    expect(await statusWith(`${id}%`, secret)).toBe(401);
  });
});

test('both well-known documents are the same', async () => {
  const [oauth, openid] = await Promise.all(
    ['oauth-authorization-server', 'openid-configuration'].map((name) => app.inject(`/.well-known/${name}`)),
  );
  expect(oauth?.json()).toEqual(openid?.json());
  expect(openid?.json()).toMatchObject({
    authorization_endpoint: `${testIssuer}/authorize`,
    code_challenge_methods_supported: ['S256'],
    response_types_supported: ['code'],
  });
});

test('the redirect URI of a native app may have any port, and nothing else may differ', async () => {
  const browser = createBrowser(app);
  for (const [redirect_uri, status] of [
    ['http://127.0.0.1:1234/callback', 303],
    ['http://[::1]:1234/callback', 303],
    ['http://localhost:1234/callback', 400],
    ['http://127.0.0.1:1234/callback/', 400],
    ['http://127.0.0.1:99999/callback', 400],
    ['http://127.0.0.1:0/callback', 400],
    ['http://127.0.0.1:/callback', 400],
    ['http://127.0.0.1:1234/callback#evil', 400],
    ['http://127.0.0.1:1234/callback?evil', 400],
    ['http://127.0.0.1:1234@evil.example/callback', 400],
    ['http://127.0.0.1.evil.example:1234/callback', 400],
    ['http://127.1:1234/callback', 400],
    ['http://2130706433:1234/callback', 400],
    ['http://[::ffff:127.0.0.1]:1234/callback', 400],
    ['https://127.0.0.1:1234/callback', 400],
    [callback, 400],
  ] as const)
    expect([
      redirect_uri,
      (await browser.get(createFlow('latchkey-cli', { redirect_uri }).url)).statusCode,
    ]).toEqual([redirect_uri, status]);
});
