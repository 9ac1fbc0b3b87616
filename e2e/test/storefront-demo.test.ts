import { setTimeout as delay } from 'node:timers/promises';
import { createProver, type Prover } from '@latchkey/auth-client/testing';
import type { Stack } from '@latchkey/dev-stack';
import { send, signingIn } from '@latchkey/person';
import type {
  AccessTokenTheft,
  Failures,
  Permissions,
  PermissionsChanged,
  PhoneSignedIn,
  Phones,
  RefreshTokenTheft,
  Shared,
  Sharing,
  SigningKeys,
  Timed,
} from '@latchkey/storefront/demo-api';
import { eventually } from '@latchkey/testing';
import { describe, expect } from 'vitest';
import { demoPage, traceparent } from './demo-page.ts';
import { newShopper } from './shopper.ts';
import { it, signIn } from './system.ts';
import { acceptedEverywhere, untilRefused, verdictsOn } from './verdicts.ts';

let stack: Stack;
let page: ReturnType<typeof demoPage>;
it.beforeAll(({ sharedStack }) => {
  stack = sharedStack;
  page = demoPage(stack);
});

/** Signs in as a browser does: the refresh token is in a cookie. With a key, the session is bound to it. */
async function signInAtPage(username = 'mina', key?: Prover) {
  const { services, accounts } = stack;
  const { password = '' } = accounts.find((account) => account.username === username) ?? {};
  const request = signingIn({ clientId: 'storefront', username, password });
  const proof = key?.prove({ method: 'POST', url: `${stack.issuer}/sessions` });
  const headers = { origin: page.origin, ...(proof !== undefined && { dpop: proof }) };
  const answer = await send(services.auth.url, { ...request, headers });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('access-control-allow-origin')).toBe(page.origin);
  const token = String(answer.body['access_token']);
  const [cookie = ''] = answer.headers.getSetCookie().map((each) => each.split(';')[0] ?? '');
  return { token, cookie, body: { access_token: token } };
}

const served = { status: 200, code: null };
const revoked = (reason: string) => ({ status: 401, code: 'invalid_token', reason });

function expectAllDied({ stopwatch }: Timed, reason: string): void {
  expect(stopwatch.map(({ service }) => service)).toEqual([
    'cart-service',
    'wishlist-service',
    'payment-service',
  ]);
  for (const watch of stopwatch) {
    expect(watch).toMatchObject({ before: served, after: revoked(reason), elapsed_ms: expect.any(Number) });
  }
}

describe('permissions', () => {
  const granted = ({ scopes }: Permissions) => scopes.flatMap((each) => (each.granted ? [each.scope] : []));

  it('are given and taken one by one, and every service learns of it', async () => {
    const mina = await signInAtPage();
    const read = await page.ask<Permissions>('/permissions/read', { method: 'POST', body: mina.body });
    expect(read.body).toMatchObject({ username: 'mina', roles: ['customer'] });
    const scopes = granted(read.body).filter((scope) => scope !== 'cart:read');
    const change = { method: 'PUT', body: { ...mina.body, scopes } };
    const changed = await page.ask<PermissionsChanged>('/permissions', change);
    expect(changed.status).toBe(200);
    expect(granted(changed.body)).toEqual(scopes);
    expectAllDied(changed.body, 'roles_changed');

    const later = await signInAtPage();
    const { services } = stack;
    const answer = await send(services.cart.url, { path: '/cart', token: later.token });
    expect(answer.status).toBe(403);
    expect(await verdictsOn(stack, later.token)).toEqual({ ...acceptedEverywhere, cart: 403 });

    const body = { ...later.body, scopes: [...scopes, 'cart:read'] };
    const back = await page.ask<PermissionsChanged>('/permissions', { method: 'PUT', body });
    expect(back.body.roles).toEqual(['customer']);
  });

  it('each of them can be the only one', async () => {
    const { body } = await page.ask<Permissions>('/permissions/read', {
      method: 'POST',
      body: (await signInAtPage('viewer')).body,
    });
    for (const { scope } of body.scopes) {
      const viewer = await signInAtPage('viewer');
      const change = { method: 'PUT', body: { ...viewer.body, scopes: [scope] } };
      expect(granted((await page.ask<PermissionsChanged>('/permissions', change)).body)).toEqual([scope]);
      const after = await signInAtPage('viewer');
      const read = await page.ask<Permissions>('/permissions/read', { method: 'POST', body: after.body });
      expect(granted(read.body)).toEqual([scope]);
    }
    const viewer = await signInAtPage('viewer');
    const back = { method: 'PUT', body: { ...viewer.body, scopes: granted(body) } };
    expect((await page.ask<PermissionsChanged>('/permissions', back)).body.roles).toEqual(['viewer']);
  });

  it('of the administrator cannot be taken', async () => {
    const admin = await signInAtPage('admin');
    const change = { method: 'PUT', body: { ...admin.body, scopes: [] } };
    const { status, body } = await page.ask<{ code: string }>('/permissions', change);
    expect([status, body.code]).toEqual([409, 'own_account']);
  });
});

describe('thefts', () => {
  it('of a refresh token end the session of thief and owner', async () => {
    const { cookie, token } = await signInAtPage();
    const call = { method: 'POST', cookie: `theme=dark; ${cookie}` };
    const { status, body } = await page.ask<RefreshTokenTheft>('/thefts/refresh-token', call);
    expect(status).toBe(200);
    const [{ generation } = { generation: 0 }] = body.steps;
    expect(body.steps).toEqual([
      { who: 'thief', generation, status: 200, code: null, reason: null },
      { who: 'thief', generation: generation + 1, status: 200, code: null, reason: null },
      { who: 'owner', generation, status: 401, code: 'session_ended', reason: 'reuse' },
    ]);
    expectAllDied(body, 'reuse');
    await untilRefused(stack, token);
  });

  it('of the tokens of a session that is bound to a key fail everywhere, and do not end it', async () => {
    const key = createProver();
    const { cookie, token, body } = await signInAtPage('mina', key);
    const access = await page.ask<AccessTokenTheft>('/thefts/access-token', { method: 'POST', body });
    const refused = { status: 401, code: 'invalid_token', reason: null };
    expect(access.body.verdicts).toEqual(
      ['cart-service', 'wishlist-service', 'payment-service'].map((service) => ({ service, ...refused })),
    );
    const call = { method: 'POST', cookie };
    const { status, body: theft } = await page.ask<RefreshTokenTheft>('/thefts/refresh-token', call);
    expect(status).toBe(200);
    expect(theft).toEqual({
      steps: [
        {
          who: 'thief',
          generation: expect.any(Number),
          status: 401,
          code: 'session_ended',
          reason: 'foreign_key',
        },
      ],
      stopwatch: [],
    });
    const headers = {
      authorization: `DPoP ${token}`,
      dpop: key.prove({ method: 'GET', url: `${stack.issuer}/sessions`, accessToken: token }),
    };
    const { body: devices } = await send(stack.services.auth.url, { path: '/sessions', headers });
    expect(devices['sessions']).toContainEqual(
      expect.objectContaining({ current: true, bound: true, foreign_key_at: expect.any(String) }),
    );
  });

  it('of an access token let the thief in until its owner signs out', async () => {
    const { token, body } = await signInAtPage();
    const theft = await page.ask<AccessTokenTheft>('/thefts/access-token', { method: 'POST', body });
    expect(theft.body.verdicts.map(({ status }) => status)).toEqual([200, 200, 200]);
    const end = await page.ask<Timed>('/thefts/access-token/sign-out', { method: 'POST', body });
    expectAllDied(end.body, 'sign_out');
    expect((await verdictsOn(stack, token)).auth).toBe(401);
  });
});

describe('phones', () => {
  it('displace each other, and can be signed out from the page', async () => {
    const { body } = await signInAtPage();
    const one = { method: 'POST', body: { username: 'mina' } };
    const first = await page.ask<PhoneSignedIn>('/phones', one);
    expect([first.status, first.body.stopwatch]).toEqual([201, []]);
    const second = await page.ask<PhoneSignedIn>('/phones', one);
    expectAllDied(second.body, 'displaced');
    expect(second.body.phones).toMatchObject([
      { id: first.body.phone.id, signed_in: false, reason: 'displaced' },
      { id: second.body.phone.id, signed_in: true, reason: null },
    ]);

    const end = await page.ask<Timed>(`/phones/${second.body.phone.id}`, { method: 'DELETE', body });
    expectAllDied(end.body, 'ended_by_user');
    const { phones } = (await page.ask<Phones>('/phones?username=mina')).body;
    expect(phones.at(-1)).toMatchObject({ signed_in: false, reason: 'ended_by_user' });
    expect((await page.ask('/phones', { method: 'POST', body: { username: 'nobody' } })).status).toBe(404);
  });
});

describe('sharing', () => {
  const username = 'mina';

  it('lets gift-ideas read the wishlist and nothing else, until the person withdraws it', async () => {
    expect((await page.ask<Sharing>('/sharing')).body).toEqual({
      url: stack.giftIdeas?.url.replace('127.0.0.1', 'localhost'),
    });
    const cart = { service: 'cart-service', status: 401, code: null, reason: null };
    const wishlist = { service: 'wishlist-service', status: 200, code: null, reason: null };
    // The second time, auth-service does not ask whether to allow it.
    for (const time of [1, 2]) {
      const shared = await page.ask<Shared>('/sharing', { method: 'POST', body: { username } });
      expect([time, shared.status, shared.body.scope]).toEqual([
        time,
        201,
        'openid profile offline_access wishlist:read',
      ]);
      expect(shared.body.verdicts).toEqual([cart, wishlist]);
    }
    const { body } = await signInAtPage(username);
    const withdraw = { method: 'DELETE', body: { ...body, username } };
    const { stopwatch } = (await page.ask<Timed>('/sharing', withdraw)).body;
    expect(stopwatch).toEqual([
      { service: 'cart-service', before: cart, after: expect.anything(), elapsed_ms: null },
      {
        service: 'wishlist-service',
        before: wishlist,
        after: { ...wishlist, status: 401, reason: 'consent_withdrawn' },
        elapsed_ms: expect.any(Number),
      },
    ]);
    const again = await page.ask<{ code: string }>('/sharing', withdraw);
    expect([again.status, again.body.code]).toEqual([409, 'not_shared']);
  });
});

describe('keys', () => {
  it('rotate without a refused token, and a revoked key revokes its tokens', async () => {
    const { token, body } = await signInAtPage();
    const before = (await page.ask<SigningKeys>('/keys')).body.keys;
    const next = before.find(({ state }) => state === 'next');
    // Timers may fire a millisecond early.
    await delay(Math.max(0, Date.parse(String(next?.may_sign_at)) - Date.now()) + 50);
    // Both at once: two seconds later a rotation would be allowed again.
    const rotate = () => page.ask<SigningKeys & { code: string }>('/keys/rotation', { method: 'POST' });
    const answers = await Promise.all([rotate(), rotate()]);
    const [rotated, tooEarly] = answers.toSorted((one, other) => one.status - other.status) as typeof answers;
    expect(rotated.status).toBe(200);
    expect(rotated.body.keys).toContainEqual({ kid: next?.kid, state: 'active', may_sign_at: null });
    expect([tooEarly.status, tooEarly.body.code]).toEqual([409, 'rotation_too_early']);
    expect(Number(tooEarly.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await verdictsOn(stack, token)).toEqual(acceptedEverywhere);

    const retiring = rotated.body.keys.find(({ state }) => state === 'retiring');
    const killed = await page.ask<SigningKeys & Timed>(`/keys/${retiring?.kid}`, { method: 'DELETE', body });
    expectAllDied(killed.body, 'key_revoked');
    expect(killed.body.keys.map(({ kid }) => kid)).not.toContain(retiring?.kid);
    expect(await verdictsOn(stack, (await signInAtPage()).token)).toEqual(acceptedEverywhere);
  });
});

describe('spans', () => {
  it('arrive as they end, with the services’ verdicts on the tokens', async () => {
    const prefix = 'a1b2c3d4e5f60718';
    const traceId = `${prefix}0000000000000001`;
    const { spans, stop } = page.follow(prefix);
    const shopper = await newShopper(stack);
    const { services } = stack;
    const headers = { traceparent: traceparent(traceId) };
    await shopper.put('mug-red', 1, 450);
    const paid = await shopper.pay(450, { headers });
    expect(paid.status).toBe(201);
    await send(services.cart.url, { path: '/cart', token: 'no.good.token', headers });

    const found = await eventually('every service has reported its part', () => {
      const exchanged = spans.find(
        ({ attributes }) => attributes['latchkey.token.act'] === 'payment-service',
      );
      const refused = spans.find(({ attributes }) => 'latchkey.token.refused_by' in attributes);
      const payment = spans.find(({ name, kind }) => name === 'POST /payments' && kind === 'server');
      // Each service reports on its own schedule.
      const hasAuth = spans.some(({ service }) => service === 'auth-service');
      if (!(exchanged && refused && payment && hasAuth)) throw new Error(`only ${spans.length} spans`);
      return { exchanged, refused, payment };
    });
    stop();
    expect(found.payment).toMatchObject({
      trace_id: traceId,
      service: 'payment-service',
      status: 201,
      attributes: {
        'latchkey.token.sub': shopper.subject,
        'latchkey.token.client_id': 'latchkey-cli',
        'latchkey.token.sid': expect.any(String),
        'latchkey.token.kid': expect.stringMatching(/^[\w-]{43}$/),
        'latchkey.token.scope': expect.stringContaining('payment:write'),
      },
    });
    expect(found.payment.attributes).not.toHaveProperty(['latchkey.token.act']);
    expect(found.exchanged).toMatchObject({
      service: 'cart-service',
      kind: 'server',
      attributes: { 'latchkey.token.sub': shopper.subject, 'latchkey.token.client_id': 'payment-service' },
    });
    expect(found.refused).toMatchObject({ service: 'cart-service', status: 401 });
    expect(spans.every(({ trace_id: id }) => id.startsWith(prefix))).toBe(true);
  });

  it('of the demo’s actions belong to the page, but those of its stopwatch do not', async () => {
    const prefix = 'a1b2c3d4e5f60719';
    const { spans, stop } = page.follow(prefix);
    const { body } = await signInAtPage();
    const call = { method: 'POST', body, traceId: `${prefix}0000000000000001` };
    await page.ask<Timed>('/thefts/access-token/sign-out', call);
    await eventually('the sign-out is reported', () =>
      expect(spans).toContainEqual(
        expect.objectContaining({
          name: 'DELETE /sessions/current',
          kind: 'server',
          service: 'auth-service',
        }),
      ),
    );
    // A service reports in order: once this span arrives, the stopwatch's spans would have arrived too.
    const ours = `${prefix}0000000000000002`;
    const headers = { traceparent: traceparent(ours) };
    await fetch(`${stack.services.cart.url}/cart`, { headers });
    const read = () =>
      spans
        .filter(({ service, name }) => service === 'cart-service' && name === 'GET /cart')
        .map(({ trace_id: id }) => id);
    await eventually('our reading of the cart is reported', () => expect(read()).toContain(ours));
    stop();
    expect(read()).toEqual([ours]);
  });
});

describe('failures', () => {
  it('auth-service is stopped and started, and the others verify without it', async () => {
    const { token } = await signInAtPage();
    const put = (name: string, stopped: boolean) =>
      page.ask<Failures>(`/failures/${name}`, { method: 'PUT', body: { stopped } });
    const down = await put('auth-service', true);
    expect(down.body).toEqual({ available: true, stopped: { 'auth-service': true, redis: false } });
    const { services } = stack;
    const cart = await send(services.cart.url, { path: '/cart', token });
    expect(cart.status).toBe(200);
    const keys = await page.ask<{ code: string }>('/keys');
    expect([keys.status, keys.body.code]).toEqual([503, 'auth_service_unavailable']);
    const up = await put('auth-service', false);
    expect(up.body.stopped['auth-service']).toBe(false);
    expect((await signIn(stack)).access_token).not.toBe('');
  });

  it('Redis is frozen and thawed: sessions are unavailable, and then available again', async () => {
    const put = (stopped: boolean) =>
      page.ask<Failures>('/failures/redis', { method: 'PUT', body: { stopped } });
    expect((await put(true)).body.stopped.redis).toBe(true);
    const account = stack.accounts.find(({ username }) => username === 'mina') ?? expect.fail('no mina');
    expect((await send(stack.services.auth.url, signingIn(account))).status).toBe(503);
    await put(false);
    await eventually('signing in works again', () => signIn(stack));
  });
});
