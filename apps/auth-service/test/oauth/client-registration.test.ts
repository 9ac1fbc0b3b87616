import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { from, startAuthApp, testIssuer } from '../support/auth-app.ts';
import {
  authorize,
  type Browser,
  callback,
  createBrowser,
  createFlow,
  somebody,
} from './authorization/authorization-fixture.ts';

const auth = await forThisFile(startAuthApp({ env: { CLIENT_REGISTRATION: 'anybody' } }));
const { app } = auth;

const register = (body: object, address = from('somebody')) =>
  app.inject({ method: 'POST', url: '/register', payload: body, headers: address });

test('an application that registers itself signs people in, with their consent', async () => {
  const answer = await register({
    client_name: 'Gift ideas',
    redirect_uris: [callback],
    scope: 'openid wishlist:read payment:everything accounts:manage',
    grant_types: ['authorization_code', 'implicit'],
    logo_uri: 'https://app.example/logo.png',
  });
  expect(answer.statusCode).toBe(201);
  expect(answer.json()).toMatchObject({
    client_name: 'Gift ideas',
    scope: 'openid wishlist:read',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    client_secret: expect.stringMatching(/^[\w-]{43}$/),
    client_secret_expires_at: 0,
  });
  const { client_id: id, client_secret: secret } = answer.json();
  const flow = createFlow(id);
  const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  expect((await flow.redeem(app, code, {}, { authorization })).json().scope).toBe('openid wishlist:read');
});

test.each<[string, object, string]>([
  ['without a redirect URI', { redirect_uris: [] }, 'invalid_client_metadata'],
  [
    'with http elsewhere than on this device',
    { redirect_uris: ['http://app.example/'] },
    'invalid_redirect_uri',
  ],
  ['with a script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
  ['with scopes that nobody may ask for', { scope: 'accounts:manage' }, 'invalid_client_metadata'],
  ['with a method that is not known', { token_endpoint_auth_method: 'plain' }, 'invalid_client_metadata'],
  [
    'with keys that are nowhere',
    { token_endpoint_auth_method: 'private_key_jwt' },
    'invalid_client_metadata',
  ],
  ['with a name that shows nothing', { client_name: '\u3164\u2800' }, 'invalid_client_metadata'],
  ['with a name of two lines', { client_name: 'Gift\nideas' }, 'invalid_client_metadata'],
  ['with a name of 81 syllables', { client_name: '꽃'.repeat(81) }, 'invalid_client_metadata'],
])('%s it is refused (RFC 7591 §3.2.2)', async (_, changes, error) => {
  const answer = await register({ redirect_uris: [callback], ...changes });
  expect([answer.statusCode, answer.json().error]).toEqual([400, error]);
});

test.each(['application/x-www-form-urlencoded', 'text/plain', 'application/xml'])(
  'as %s it is refused, as what is no JSON object (RFC 7591 §3.2.2)',
  async (type) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/register',
      payload: 'client_name=Gifts',
      headers: { ...from('somebody'), 'content-type': type },
    });
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_client_metadata']);
  },
);

test.each([
  ['80 syllables, decomposed', '꽃'.repeat(80).normalize('NFD'), '꽃'.repeat(80)],
  ['text that turns around', ' Gift \u202esaedi', 'Gift saedi'],
  ['a family of emoji', 'Gifts 👩‍👩‍👧', 'Gifts 👩‍👩‍👧'],
])('of a name of %s, what can be seen is kept', async (_, typed, kept) => {
  const answer = await register({ client_name: typed, redirect_uris: [callback] }, from(kept));
  expect([answer.statusCode, answer.json().client_name]).toEqual([201, kept]);
});

test('one network can register 20 an hour', async () => {
  const address = from('a busy network');
  const answers = await Promise.all(
    Array.from({ length: 21 }, () => register({ redirect_uris: [callback] }, address)),
  );
  expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(1);
});

test('it is offered in the metadata, and both are missing by default', async () => {
  const path = '/.well-known/openid-configuration';
  expect((await app.inject(path)).json().registration_endpoint).toBe(`${testIssuer}/register`);
  const closed = await startAuthApp();
  try {
    expect((await closed.app.inject(path)).json().registration_endpoint).toBeUndefined();
    const answer = await closed.app.inject({ method: 'POST', url: '/register', payload: {} });
    expect(answer.statusCode).toBe(404);
  } finally {
    await closed.stop();
  }
});

test('an application that registered itself makes us no open redirector (RFC 9700 §4.11.2)', async () => {
  const bye = 'https://app.example/bye';
  const registered = await register({
    redirect_uris: [callback],
    post_logout_redirect_uris: [bye],
    token_endpoint_auth_method: 'none',
  });
  const { client_id: id } = registered.json();
  const ending = (parameters: Record<string, string>) =>
    `/end-session?${new URLSearchParams({ client_id: id, post_logout_redirect_uri: bye, ...parameters })}`;
  const leadsNowhere = async (browser: Browser, url: string) =>
    expect([url, (await browser.get(url)).headers.location]).toEqual([url, undefined]);
  const faulty = createFlow(id, { response_type: 'token' }).url;

  const flow = createFlow(id, { scope: 'openid' });
  const own = createBrowser(app);
  const { code = '' } = await authorize(own, flow, await somebody(app));
  const { id_token: id_token_hint } = (await flow.redeem(app, code)).json();
  for (const url of [faulty, ending({}), ending({ id_token_hint })])
    await leadsNowhere(createBrowser(app), url);
  for (const url of [faulty, ending({})]) await leadsNowhere(own, url);
  expect(
    (await own.post('/end-session', { client_id: id, post_logout_redirect_uri: bye, answer: 'no' })).headers
      .location,
  ).toBeUndefined();
  const again = createBrowser(app);
  const next = createFlow(id, { scope: 'openid' });
  const { code: second = '' } = await authorize(again, next, await somebody(app));
  const hint = (await next.redeem(app, second)).json().id_token;
  expect((await again.get(ending({ id_token_hint: hint }))).headers.location).toBe(bye);
});

test('an application that registered itself learns nothing of people who never dealt with it, not even by prompt=none', async () => {
  const { client_id: id } = (await register({ redirect_uris: [callback] }, from('a phisher'))).json();
  const silent = createFlow(id, { scope: 'openid', prompt: 'none' }).url;
  const stranger = await createBrowser(app).get(silent);
  expect([stranger.statusCode, stranger.headers.location]).toEqual([400, undefined]);
  const browser = createBrowser(app);
  await authorize(browser, createFlow(id, { scope: 'openid' }), await somebody(app));
  expect((await browser.get(silent)).headers.location).toContain('code=');
  const more = createFlow(id, { scope: 'openid profile', prompt: 'none' }).url;
  expect((await browser.get(more)).headers.location).toContain('error=consent_required');
});
