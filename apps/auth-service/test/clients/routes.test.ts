import { eventually, forThisFile } from '@latchkey/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { from, signIn, startAuthApp, whoAmI } from '../support/auth-app.ts';
import { ask, createOperator, openDatabase, type Person } from '../support/operator.ts';
import { signInByBrowser, startWithClients } from './client-fixture.ts';

const auth = await forThisFile(startWithClients());
afterEach(() => auth.activateAll());

const list = async () =>
  (await ask(auth, auth.operator, { method: 'GET', url: '/clients' })).json().clients as { id: string }[];

describe('an operator', () => {
  test('sees all clients, which kind each is, and which are switched off', async () => {
    await auth.setStatus('payment-service', 'revoked');
    const active = { status: 'active', revoked_at: null, dpop_bound_access_tokens: false };
    expect(await list()).toEqual([
      { id: 'storefront', name: 'Latchkey shop', kind: 'browser', ...active },
      { id: 'latchkey-cli', name: 'Command line', kind: 'native', ...active },
      { id: 'latchkey-mobile', name: 'The shop’s app: one phone at a time', kind: 'native', ...active },
      {
        id: 'payment-service',
        name: 'payment-service',
        kind: 'service',
        dpop_bound_access_tokens: false,
        status: 'revoked',
        revoked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
      { id: 'cart-service', name: 'cart-service', kind: 'service', ...active },
    ]);
  });

  test('gets the new status of a client, and the same request again changes nothing', async () => {
    const first = await auth.setStatus('storefront', 'revoked');
    expect(first.statusCode).toBe(200);
    expect(first.json()).toMatchObject({ id: 'storefront', status: 'revoked' });
    expect((await auth.setStatus('storefront', 'revoked')).json()).toEqual(first.json());
    for (let time = 0; time < 2; time += 1)
      expect((await auth.setStatus('storefront', 'active')).json()).toMatchObject({
        status: 'active',
        revoked_at: null,
      });
  });

  test('leaves a trace in the audit log', async () => {
    await auth.setStatus('storefront', 'revoked');
    await auth.setStatus('storefront', 'active');
    const recorded = async () => {
      const events = (await auth.database.eventsOf(auth.operator.id)).filter(({ event }) =>
        event.startsWith('client.'),
      );
      return events.slice(-2).map(({ event, clientId, address }) => ({ event, clientId, address }));
    };
    const address = from(auth.operator.username)['x-forwarded-for'];
    await eventually('both changes are recorded', async () =>
      expect(await recorded()).toEqual([
        { event: 'client.revoked', clientId: 'storefront', address },
        { event: 'client.activated', clientId: 'storefront', address },
      ]),
    );
  });
});

describe('refused', () => {
  type Asked = Parameters<typeof ask>[2];
  const put = (id: string, payload: unknown): Asked => ({
    method: 'PUT',
    url: `/clients/${id}/status`,
    payload,
  });
  const application = {
    name: 'Gift ideas',
    redirect_uris: ['https://gifts.example/'],
    scopes: ['openid'],
    token_endpoint_auth_method: 'none',
  };
  const register = (more: object): Asked => ({
    method: 'POST',
    url: '/clients',
    payload: { ...application, ...more },
  });
  const revoked = { status: 'revoked' };
  const anybody = { access_token: '', username: 'anybody' };
  const operator = async () => auth.operator;
  const narrow = async () =>
    signIn(auth.app, auth.operator.username, { scope: 'accounts:manage keys:manage' }).then((tokens) => ({
      ...tokens,
      username: auth.operator.username,
    }));

  test.each<[string, () => Promise<Pick<Person, 'access_token' | 'username'>>, Asked, number, string]>([
    [
      'a list to nobody in particular',
      async () => anybody,
      { method: 'GET', url: '/clients' },
      401,
      'missing_token',
    ],
    ['a list without the scope', narrow, { method: 'GET', url: '/clients' }, 403, 'insufficient_scope'],
    [
      'a change by nobody in particular',
      async () => anybody,
      put('storefront', revoked),
      401,
      'missing_token',
    ],
    ['a change without the scope', narrow, put('storefront', revoked), 403, 'insufficient_scope'],
    ['a client that there is not', operator, put('nobody', revoked), 404, 'client_not_found'],
    ['a client that every object inherits', operator, put('constructor', revoked), 404, 'client_not_found'],
    ['an id that none can have', operator, put('Storefront', revoked), 400, 'invalid_request'],
    ['another status', operator, put('storefront', { status: 'asleep' }), 400, 'invalid_request'],
    ['no status', operator, put('storefront', {}), 400, 'invalid_request'],
    ['more than a status', operator, put('storefront', { ...revoked, name: 'x' }), 400, 'invalid_request'],
    [
      'a name that shows nothing',
      operator,
      register({ name: '\u3164\u2800' }),
      400,
      'invalid_client_metadata',
    ],
    ['a client of our own', operator, register({ kind: 'browser' }), 400, 'invalid_request'],
    ['a scope of our own', operator, register({ scopes: ['keys:manage'] }), 400, 'invalid_request'],
    [
      'to forget a client of our own',
      operator,
      { method: 'DELETE', url: '/clients/storefront' },
      404,
      'client_not_found',
    ],
    ['one’s own client', operator, put('latchkey-cli', revoked), 409, 'own_client'],
  ])('%s', async (_what, who, request, status, code) => {
    const person = await who();
    const answer =
      person === anybody
        ? await auth.app.inject({ ...request, payload: request.payload as object })
        : await ask(auth, person, request);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ status, code });
    expect((await list()).every((client) => 'status' in client && client.status === 'active')).toBe(true);
  });
});

describe('without Redis', () => {
  test('a client is revoked nevertheless, the answer is 503, and the same request again tells everybody', async () => {
    const broken = await startAuthApp({ durableRedis: true });
    const shop = openDatabase(broken);
    try {
      const person = await createOperator(broken, shop);
      const signedIn = await signInByBrowser(broken.app, person.username);
      const token = signedIn.json().access_token;
      const put = () =>
        ask(broken, person, {
          method: 'PUT',
          url: '/clients/storefront/status',
          payload: { status: 'revoked' },
        });
      await broken.redis.kill();
      const refused = await put();
      expect(refused.statusCode).toBe(503);
      expect(refused.headers['retry-after']).toBeDefined();
      expect((await signInByBrowser(broken.app, person.username)).json().code).toBe('client_revoked');

      await broken.redis.restart();
      await eventually('the change goes through once the store is back', async () =>
        expect((await put()).statusCode).toBe(200),
      );
      expect((await whoAmI(broken.app, token)).json()).toMatchObject({ reason: 'client_revoked' });
    } finally {
      await shop.close();
      await broken.stop();
    }
  });
});
