import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { from, postForm, startAuthApp } from '../../support/auth-app.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp({ env: { CLIENT_REGISTRATION: 'anybody' } }));
const { app } = auth;
const application = await registerApplication(auth);
const confidential = await registerApplication(auth, { token_endpoint_auth_method: 'client_secret_basic' });

const basic = ({ id, secret = '' }: { id: string; secret: string | undefined }) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

const push = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
  postForm(app, { url: '/par', parameters, headers });

const urlOf = (client_id: string, request_uri: string, more: Record<string, string> = {}) =>
  `/authorize?${new URLSearchParams({ client_id, request_uri, ...more })}`;

test('a pushed request works once, and nothing in the browser’s URL changes it', async () => {
  const flow = createFlow(application.id, { scope: 'openid' });
  const pushed = await push(flow.parameters);
  expect([pushed.statusCode, pushed.json().expires_in]).toEqual([201, 60]);
  const { request_uri } = pushed.json();
  const url = urlOf(application.id, request_uri, {
    scope: 'wishlist:read',
    redirect_uri: 'https://evil.example',
  });
  const { code = '' } = await authorize(createBrowser(app), { url }, await somebody(app));
  expect((await flow.redeem(app, code)).json().scope).toBe('openid');
  expect((await createBrowser(app).get(url)).statusCode).toBe(400);
});

test('a pushed request is for the client that pushed it', async () => {
  const { request_uri } = (await push(createFlow(application.id).parameters)).json();
  expect((await createBrowser(app).get(urlOf(confidential.id, request_uri))).statusCode).toBe(400);
  expect((await createBrowser(app).get(urlOf(application.id, request_uri))).statusCode).toBe(303);
});

test('a confidential client authenticates', async () => {
  const { parameters } = createFlow(confidential.id);
  expect((await push(parameters)).json().error).toBe('invalid_client');
  expect((await push(parameters, basic(application))).json().error).toBe('invalid_client');
  expect((await push(parameters, basic(confidential))).statusCode).toBe(201);
  const other = createFlow(application.id).parameters;
  expect((await push(other, basic(confidential))).statusCode).toBe(401);
});

test.each<[string, Record<string, string>, string]>([
  ['no challenge', { code_challenge: '' }, 'invalid_request'],
  ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example' }, 'invalid_request'],
  ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
  ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'request_uri_not_supported'],
  ['scopes that it may not ask for', { scope: 'accounts:manage' }, 'invalid_scope'],
])('%s is refused as at the authorization endpoint', async (_, changes, error) => {
  const answer = await push(createFlow(application.id, changes).parameters);
  expect([answer.statusCode, answer.json().error]).toEqual([400, error]);
});

test('a request_uri that nobody pushed is refused, and no URL is fetched', async () => {
  const browser = createBrowser(app);
  const unknown = `urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}`;
  expect((await browser.get(urlOf(application.id, unknown))).statusCode).toBe(400);
  const flow = createFlow(application.id, { request_uri: 'http://127.0.0.1:1/request' });
  expect(returned(await browser.get(flow.url))['error']).toBe('request_uri_not_supported');
});

test('an ID token as a hint: the person is the one in it, or nobody', async () => {
  const browser = createBrowser(app);
  const username = await somebody(app);
  const flow = createFlow(application.id);
  const { code = '' } = await authorize(browser, flow, username);
  const { id_token: id_token_hint } = (await flow.redeem(app, code)).json();
  const hinted = (more: Record<string, string> = {}) =>
    createFlow(application.id, { id_token_hint, ...more });
  expect(returned(await browser.get(hinted({ prompt: 'none' }).url))['code']).toBeDefined();

  const other = createBrowser(app);
  const strangersName = await somebody(app);
  await authorize(other, createFlow(application.id), strangersName);
  expect(returned(await other.get(hinted({ prompt: 'none' }).url))['error']).toBe('login_required');
  const page = String((await other.get(hinted().url)).headers.location);
  const signIn = { action: 'sign_in', username: strangersName, password: 'a long enough passphrase' };
  await other.post(page, signIn);
  expect(returned(await other.get(page))['error']).toBe('login_required');

  const forged = createFlow(application.id, { id_token_hint: `${id_token_hint}x` });
  expect(returned(await browser.get(forged.url))['error']).toBe('invalid_request');
});

test('one network can push 200 at once for a client that registered itself, with a secret or not', async () => {
  const registered = await app.inject({
    method: 'POST',
    url: '/register',
    payload: {
      client_name: 'Itself',
      redirect_uris: [callback],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  });
  const itself = { id: registered.json().client_id, secret: registered.json().client_secret };
  const { parameters } = createFlow(itself.id, { scope: 'openid' });
  const headers = { ...basic(itself), ...from('many pushed requests') };
  const answers = await Promise.all(Array.from({ length: 250 }, () => push(parameters, headers)));
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201, 429]));
});

test('a request of more than 16 KB is not kept', async () => {
  const { parameters } = createFlow(application.id, { more: 'x'.repeat(17_000) });
  const answer = await push(parameters);
  expect([answer.statusCode, answer.json().error]).toEqual([413, 'invalid_request']);
});
