import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { acrPassword } from '../../../src/tokens/claims.ts';
import { decode, startAuthApp } from '../../support/auth-app.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const application = await registerApplication(auth);

const flowFor = (claims: unknown, changes: Record<string, string> = {}) =>
  createFlow(application.id, {
    scope: 'openid',
    claims: typeof claims === 'string' ? claims : JSON.stringify(claims),
    ...changes,
  });

async function tokensOf(flow: ReturnType<typeof createFlow>) {
  const username = await somebody(app);
  const { code = '' } = await authorize(createBrowser(app), flow, username);
  const tokens = (await flow.redeem(app, code)).json();
  return { username, tokens, idToken: decode(tokens.id_token).claims };
}

const userInfo = async (token: string) =>
  (await app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${token}` } })).json();

test('a claim for UserInfo is there, and the person was asked for the profile', async () => {
  const { username, tokens, idToken } = await tokensOf(
    flowFor({ userinfo: { preferred_username: { essential: true }, picture: null } }),
  );
  expect(tokens.scope).toBe('openid profile');
  expect(await userInfo(tokens.access_token)).toMatchObject({ preferred_username: username });
  expect(idToken['preferred_username']).toBeUndefined();
});

test('a claim for the ID token is in the ID token', async () => {
  const { username, idToken } = await tokensOf(flowFor({ id_token: { preferred_username: null } }));
  expect(idToken).toMatchObject({ preferred_username: username });
  expect(idToken['updated_at']).toBeUndefined();
});

test.each([
  ['without the scope openid', { scope: 'wishlist:read' }, {}],
  ['of an application that may not know the profile', {}, { scopes: ['openid'] }],
])('a request %s adds no scope', async (_, changes, registered) => {
  const { id } = await registerApplication(auth, registered);
  const claims = '{"userinfo":{"preferred_username":null}}';
  const flow = createFlow(id, { scope: 'openid', claims, ...changes });
  const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
  expect((await flow.redeem(app, code)).json().scope).toBe(flow.parameters['scope']);
});

test('with a value for sub, only that person comes back', async () => {
  const first = await tokensOf(flowFor({}));
  const only = flowFor({ id_token: { sub: { value: first.idToken['sub'] } } });
  const same = createBrowser(app);
  expect(await authorize(same, only, first.username)).toHaveProperty('code');
  const other = createBrowser(app);
  expect(await authorize(other, only, await somebody(app))).toMatchObject({ error: 'login_required' });
});

test('an acr that nobody has here is refused if it is essential, and ignored if it is not', async () => {
  const acr = (wish: object) => flowFor({ id_token: { acr: wish } });
  const essential = { essential: true, values: ['urn:mace:incommon:iap:silver'] };
  expect(returned(await createBrowser(app).get(acr(essential).url))).toMatchObject({
    error: 'unmet_authentication_requirements',
  });
  const wishes = [
    { values: ['urn:mace:incommon:iap:silver'] },
    { essential: true, value: acrPassword },
    { essential: true },
  ];
  for (const wish of wishes) expect((await tokensOf(acr(wish))).idToken['acr']).toBe(acrPassword);
});

test.each([
  'no JSON',
  '[]',
  '"text"',
  '{"userinfo":[]}',
  '{"id_token":{"sub":{"value":1}}}',
  '{"id_token":{"acr":1}}',
  '{"id_token":{"sub":{"value":"\\ud800"}}}',
  '{"userinfo":{"\\udc00":null}}',
])('%s is invalid_request', async (claims) => {
  const answer = returned(await createBrowser(app).get(flowFor(claims).url));
  expect(answer['error']).toBe('invalid_request');
});
