import type { Service } from '@latchkey/service-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  decode,
  from,
  PASSWORD,
  postToken,
  refresh,
  register,
  STOREFRONT_ORIGIN,
  signIn,
  startAuthApp,
} from '../support/auth-app.ts';
import {
  ask,
  createOperator,
  type Database,
  openDatabase,
  type Person,
  WITHIN,
} from '../support/operator.ts';
import { ACCESS_TOKEN_TYPE, startServices, type TestServices, TOKEN_EXCHANGE } from '../support/services.ts';

let services: TestServices;
let auth: AuthApp;
let database: Database;
/** Signed in from the command line. */
let operator: Person;
beforeAll(async () => {
  services = await startServices(['payment-service', 'cart-service']);
  auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
  database = openDatabase(auth);
  operator = await createOperator(auth, database);
});
afterAll(async () => {
  await database.close();
  await auth.stop();
  await services.close();
});
afterEach(async () => {
  for (const id of ['storefront', 'payment-service', 'cart-service']) await setStatus(id, 'active');
});

function setStatus(id: string, status: string, by: Pick<Person, 'access_token' | 'username'> = operator) {
  return ask(auth, by, { method: 'PUT', url: `/clients/${id}/status`, payload: { status } });
}

const list = async () =>
  (await ask(auth, operator, { method: 'GET', url: '/clients' })).json().clients as { id: string }[];

/** POST /sessions from the shop's page. */
async function signInByBrowser(username: string, app: Service = auth.app) {
  return app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'storefront', username, password: PASSWORD },
    headers: { ...from(username), origin: STOREFRONT_ORIGIN },
  });
}

function refreshByCookie(refreshToken: string, app: Service = auth.app) {
  return app.inject({
    method: 'POST',
    url: '/sessions/refresh',
    payload: { client_id: 'storefront' },
    cookies: { refresh_token: refreshToken },
    headers: { origin: STOREFRONT_ORIGIN },
  });
}

const whoAmI = (token: string, app: Service = auth.app) =>
  app.inject({ url: '/account', headers: bearer(token) });

describe('an operator', () => {
  test('sees all clients, which kind each is, and which are switched off', async () => {
    await setStatus('payment-service', 'revoked');
    expect(await list()).toEqual(
      expect.arrayContaining([
        {
          id: 'storefront',
          name: 'The shop in a browser',
          kind: 'browser',
          status: 'active',
          revoked_at: null,
        },
        { id: 'latchkey-cli', name: 'Command line', kind: 'native', status: 'active', revoked_at: null },
        {
          id: 'payment-service',
          name: 'payment-service',
          kind: 'service',
          status: 'revoked',
          revoked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        },
      ]),
    );
  });

  test('is told what became of a client, and asking for the same again changes nothing', async () => {
    const first = await setStatus('storefront', 'revoked');
    expect(first.statusCode).toBe(200);
    expect(first.json()).toMatchObject({ id: 'storefront', status: 'revoked' });
    expect((await setStatus('storefront', 'revoked')).json()).toEqual(first.json());
    for (let time = 0; time < 2; time += 1)
      expect((await setStatus('storefront', 'active')).json()).toMatchObject({
        status: 'active',
        revoked_at: null,
      });
  });

  test('leaves a trace in the audit log', async () => {
    await setStatus('storefront', 'revoked');
    await setStatus('storefront', 'active');
    const recorded = async () => {
      const events = (await database.eventsOf(operator.id)).filter(({ event }) =>
        event.startsWith('client.'),
      );
      return events.slice(-2).map(({ event, clientId, address }) => ({ event, clientId, address }));
    };
    const address = from(operator.username)['x-forwarded-for'];
    await expect.poll(recorded, WITHIN).toEqual([
      { event: 'client.revoked', clientId: 'storefront', address },
      { event: 'client.activated', clientId: 'storefront', address },
    ]);
  });
});

describe('refused', () => {
  type Asked = Parameters<typeof ask>[2];
  const put = (id: string, payload: unknown): Asked => ({
    method: 'PUT',
    url: `/clients/${id}/status`,
    payload,
  });
  const revoked = { status: 'revoked' };
  const anybody = { access_token: '', username: 'anybody' };
  const narrow = async () =>
    signIn(auth.app, operator.username, { scope: 'accounts:manage keys:manage' }).then((tokens) => ({
      ...tokens,
      username: operator.username,
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
    ['a client that there is not', async () => operator, put('nobody', revoked), 404, 'client_not_found'],
    [
      'a client that every object inherits',
      async () => operator,
      put('constructor', revoked),
      404,
      'client_not_found',
    ],
    ['an id that none can have', async () => operator, put('Storefront', revoked), 400, 'invalid_request'],
    ['another status', async () => operator, put('storefront', { status: 'asleep' }), 400, 'invalid_request'],
    ['no status', async () => operator, put('storefront', {}), 400, 'invalid_request'],
    [
      'more than a status',
      async () => operator,
      put('storefront', { ...revoked, name: 'x' }),
      400,
      'invalid_request',
    ],
    ['one’s own client', async () => operator, put('latchkey-cli', revoked), 409, 'own_client'],
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

describe('a browser’s client that is revoked', () => {
  test('signs nobody in, and says so whether or not the password is right', async () => {
    const username = await register(auth.app);
    await setStatus('storefront', 'revoked');
    for (const password of [PASSWORD, 'a wrong password']) {
      const answer = await auth.app.inject({
        method: 'POST',
        url: '/sessions',
        payload: { client_id: 'storefront', username, password },
        headers: { ...from(username), origin: STOREFRONT_ORIGIN },
      });
      expect(answer.statusCode).toBe(403);
      expect(answer.json().code).toBe('client_revoked');
    }
    // The other client is not concerned.
    await signIn(auth.app, username);
  });

  test('has its access tokens refused, and no refresh, until it is let in again; its sessions then go on', async () => {
    const username = await register(auth.app);
    const signedIn = await signInByBrowser(username);
    const token = signedIn.json().access_token;
    const cookie = signedIn.cookies[0]?.value ?? '';
    expect((await whoAmI(token)).statusCode).toBe(200);
    await setStatus('storefront', 'revoked');

    const refused = await whoAmI(token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'invalid_token', reason: 'client_revoked' });
    const notRefreshed = await refreshByCookie(cookie);
    expect(notRefreshed.statusCode).toBe(403);
    expect(notRefreshed.json().code).toBe('client_revoked');
    expect(notRefreshed.cookies).toEqual([]);

    await setStatus('storefront', 'active');
    const refreshed = await refreshByCookie(cookie);
    expect(refreshed.statusCode).toBe(200);
    expect((await whoAmI(refreshed.json().access_token)).statusCode).toBe(200);
    expect((await whoAmI(token)).statusCode).toBe(401);
  });
});

describe('a native client that is revoked', () => {
  let another: AuthApp;
  let shop: Database;
  beforeEach(async () => {
    another = await startAuthApp();
    shop = openDatabase(another);
  });
  afterEach(async () => {
    await shop.close();
    await another.stop();
  });

  test('cannot refresh: it is no client any more (RFC 6749 §5.2), and its refresh token is not used up', async () => {
    const person = await createOperator(another, shop);
    const browser = await signInByBrowser(person.username, another.app);
    const byBrowser = { access_token: browser.json().access_token, username: person.username };
    const put = (status: string) =>
      ask(another, byBrowser, { method: 'PUT', url: '/clients/latchkey-cli/status', payload: { status } });

    expect((await put('revoked')).statusCode).toBe(200);
    const refused = await refresh(another.app, person.refresh_token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toEqual({
      error: 'invalid_client',
      error_description: 'The client could not be authenticated.',
    });
    // An operator who is signed in with it has nothing to say any more either.
    expect((await whoAmI(person.access_token, another.app)).statusCode).toBe(401);

    expect((await put('active')).statusCode).toBe(200);
    expect((await refresh(another.app, person.refresh_token)).statusCode).toBe(200);
  });
});

describe('a service that is revoked', () => {
  const asService = (name: string, parameters: Record<string, string>, app: Service = auth.app) =>
    postToken(app, { ...parameters, ...services.credentials(name) });
  const exchange = (token: string) =>
    asService('payment-service', {
      grant_type: TOKEN_EXCHANGE,
      subject_token: token,
      subject_token_type: ACCESS_TOKEN_TYPE,
      audience: 'cart-service',
    });
  const introspect = async (token: string) => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/introspect',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ token, ...services.credentials('cart-service') }).toString(),
    });
    return answer.json().active;
  };

  test('can neither get a token of its own nor exchange one, and what it has is refused', async () => {
    const person = await signIn(auth.app, await register(auth.app));
    const exchanged = (await exchange(person.access_token)).json().access_token;
    expect(await introspect(exchanged)).toBe(true);

    await setStatus('payment-service', 'revoked');
    const own = { grant_type: 'client_credentials' };
    for (const answer of [await asService('payment-service', own), await exchange(person.access_token)]) {
      expect(answer.statusCode).toBe(401);
      expect(answer.json().error).toBe('invalid_client');
    }
    expect(await introspect(exchanged)).toBe(false);
    // The person is not concerned, nor is another service.
    expect((await whoAmI(person.access_token)).statusCode).toBe(200);
    expect((await asService('cart-service', own)).statusCode).toBe(200);

    await setStatus('payment-service', 'active');
    const anew = (await exchange(person.access_token)).json().access_token;
    expect(await introspect(anew)).toBe(true);
    expect(await introspect(exchanged)).toBe(false);
  });

  test('is counted among the failures, with the reason', async () => {
    await setStatus('payment-service', 'revoked');
    await asService('payment-service', { grant_type: 'client_credentials' });
    expect((await auth.app.inject({ url: '/metrics' })).body).toContain(
      'client_authentication_failures_total{client="payment-service",reason="revoked"}',
    );
  });
});

describe('with another replica', () => {
  test('that one follows at once, without being asked anything', async () => {
    const replica = await auth.startReplica();
    const signedIn = await signInByBrowser(await register(auth.app));
    const token = signedIn.json().access_token;
    const cookie = signedIn.cookies[0]?.value ?? '';
    expect((await whoAmI(token, replica)).statusCode).toBe(200);
    await setStatus('storefront', 'revoked');
    await expect.poll(async () => (await whoAmI(token, replica)).statusCode, WITHIN).toBe(401);
    expect((await refreshByCookie(cookie, replica)).statusCode).toBe(403);
    expect((await signInByBrowser(await register(auth.app), replica)).statusCode).toBe(403);

    await setStatus('storefront', 'active');
    await expect.poll(async () => (await refreshByCookie(cookie, replica)).statusCode, WITHIN).toBe(200);
  });
});

describe('within one second', () => {
  test('a client is revoked, let in again and revoked: each time what it has dies, and what it gets then is good', async () => {
    const username = await register(auth.app);
    let token = (await signInByBrowser(username)).json().access_token;
    for (let round = 0; round < 3; round += 1) {
      await setStatus('storefront', 'revoked');
      expect((await whoAmI(token)).statusCode).toBe(401);
      await setStatus('storefront', 'active');
      expect((await whoAmI(token)).statusCode).toBe(401);
      token = (await signInByBrowser(username)).json().access_token;
      expect((await whoAmI(token)).statusCode).toBe(200);
      const { iat, exp } = decode(token).claims as { iat: number; exp: number };
      expect(exp).toBeGreaterThan(iat);
    }
  });
});

describe('without Redis', () => {
  test('a client is revoked all the same, the answer is 503, and asking again tells everybody', async () => {
    const broken = await startAuthApp({ durableRedis: true });
    const shop = openDatabase(broken);
    try {
      const person = await createOperator(broken, shop);
      const signedIn = await signInByBrowser(person.username, broken.app);
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
      expect((await signInByBrowser(person.username, broken.app)).json().code).toBe('client_revoked');

      await broken.redis.restart();
      await expect.poll(async () => (await put()).statusCode, WITHIN).toBe(200);
      expect((await whoAmI(token, broken.app)).json()).toMatchObject({ reason: 'client_revoked' });
    } finally {
      await shop.close();
      await broken.stop();
    }
  });
});
