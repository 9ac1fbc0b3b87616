import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { decode, startAuthApp, testPassword } from '../../support/auth-app.ts';
import { ask, createOperator, openDatabase } from '../../support/operator.ts';
import {
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const at = (host: string) => `https://${host}/callback`;
const registerAt = (host: string, subject_type = 'pairwise') =>
  registerApplication(auth, { redirect_uris: [at(host)], subject_type });

const username = await somebody(app);

/** Who the person is to an application, by its ID token and by UserInfo. */
async function subjects({ id }: { id: string }, host: string) {
  const flow = createFlow(id, { redirect_uri: at(host), scope: 'openid' });
  const browser = createBrowser(app);
  const page = String((await browser.get(flow.url)).headers.location);
  await browser.post(page, { action: 'sign_in', username, password: testPassword });
  await browser.post(page, { action: 'allow' });
  const { code = '' } = returned(await browser.get(page), at(host));
  const tokens = (await flow.redeem(app, code)).json();
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const { sub } = (await app.inject({ url: '/userinfo', headers })).json();
  expect(decode(tokens.id_token).claims['sub']).toBe(sub);
  return { sub, idToken: tokens.id_token, browser };
}

test('an application with pairwise subjects knows a person by one subject, which another host does not know', async () => {
  const one = await registerAt('one.example');
  const first = (await subjects(one, 'one.example')).sub;
  expect((await subjects(one, 'one.example')).sub).toBe(first);
  expect((await subjects(await registerAt('one.example'), 'one.example')).sub).toBe(first);
  const other = (await subjects(await registerAt('two.example'), 'two.example')).sub;
  const account = (await subjects(await registerAt('three.example', 'public'), 'three.example')).sub;
  expect(new Set([first, other, account]).size).toBe(3);
});

test('its ID token is understood as a hint, for signing in and for signing out', async () => {
  const one = await registerAt('one.example');
  const { idToken, browser } = await subjects(one, 'one.example');
  const hinted = createFlow(one.id, {
    ...{ redirect_uri: at('one.example'), scope: 'openid', prompt: 'none' },
    id_token_hint: idToken,
  });
  expect(returned(await browser.get(hinted.url), at('one.example'))).toHaveProperty('code');
  const signedOut = await browser.get(`/end-session?${new URLSearchParams({ id_token_hint: idToken })}`);
  expect(signedOut.body).toContain('signed out');
  expect(returned(await browser.get(hinted.url), at('one.example'))).toMatchObject({
    error: 'login_required',
  });
});

test('the ID token of another client is no hint', async () => {
  const { idToken } = await subjects(await registerAt('one.example'), 'one.example');
  const other = await registerApplication(auth);
  const answer = await createBrowser(app).get(createFlow(other.id, { id_token_hint: idToken }).url);
  expect(returned(answer)).toMatchObject({ error: 'invalid_request' });
});

test('it needs redirect URIs of one host', async () => {
  const database = openDatabase(auth);
  try {
    const operator = await createOperator(auth, database);
    const payload = {
      ...{
        name: 'Two hosts',
        scopes: ['openid'],
        token_endpoint_auth_method: 'none',
        subject_type: 'pairwise',
      },
      redirect_uris: [at('one.example'), at('two.example')],
    };
    const answer = await ask(auth, operator, { method: 'POST', url: '/clients', payload });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_client_metadata']);
  } finally {
    await database.close();
  }
});
