import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openSigner, type SignAccessToken, type TokenClaims } from '@latchkey/auth-service/testing';
import type { Stack } from '@latchkey/dev-stack';
import { messageOf, type Request, signingOut } from '@latchkey/person';
import { expect } from 'vitest';
import { readMatrix } from './matrix-table.ts';
import { type Caller, claimsOf, joinAsService } from './matrix-tokens.ts';
import { keyEncryptionKey, signIn, it as test } from './system.ts';
import { untilRefused } from './verdicts.ts';

type Route = {
  readonly service: 'auth' | 'cart' | 'wishlist' | 'payment';
  /** The scope that the token without the scope lacks. */
  readonly scope?: string;
  /** Creates what the request needs in order to succeed, and returns the request. */
  readonly prepare: () => Promise<Request>;
  /** Undoes what would make the next request fail. */
  readonly settle?: (request: Request) => Promise<unknown>;
};

const price = { amount: 1, currency: 'EUR' };
const routes: Record<string, Route> = {
  'GET /account': { service: 'auth', prepare: async () => ({ path: '/account' }) },
  'PUT /accounts/{id}/roles': {
    service: 'auth',
    scope: 'accounts:manage',
    prepare: async () => ({ path: `/accounts/${viewerId}/roles`, json: { roles: ['viewer'] } }),
  },
  'GET /clients': {
    service: 'auth',
    scope: 'clients:manage',
    prepare: async () => ({ path: '/clients' }),
  },
  'GET /revocations': {
    service: 'auth',
    scope: 'revocations:read',
    prepare: async () => ({ path: '/revocations' }),
  },
  'GET /cart': { service: 'cart', scope: 'cart:read', prepare: async () => ({ path: '/cart' }) },
  'POST /cart/items': {
    service: 'cart',
    scope: 'cart:write',
    // 200 rather than 201, because the cart already holds the item.
    prepare: async () => {
      await fillCart();
      return { path: '/cart/items', json: { sku: 'tea', quantity: 1, unit_price: price } };
    },
  },
  'PUT /cart/checkouts/{id}': {
    service: 'cart',
    scope: 'cart:checkout',
    prepare: async () => {
      await fillCart();
      return { path: `/cart/checkouts/${randomUUID()}` };
    },
    settle: ({ path }) =>
      send('cart', { method: 'POST', path: `${path}/release`, token: exchangedByPayment }),
  },
  'GET /wishlist': {
    service: 'wishlist',
    scope: 'wishlist:read',
    prepare: async () => ({ path: '/wishlist' }),
  },
  'POST /wishlist/items/{id}/move': {
    service: 'wishlist',
    scope: 'wishlist:write',
    prepare: async () => {
      const wish = { method: 'POST', path: '/wishlist/items', token: user, json: { sku: 'tea' } } as const;
      const { id } = (await (await send('wishlist', wish)).json()) as { id: string };
      return { path: `/wishlist/items/${id}/move`, json: { quantity: 1, unit_price: price } };
    },
  },
  'GET /payments': {
    service: 'payment',
    scope: 'payment:read',
    prepare: async () => ({ path: '/payments' }),
  },
  'POST /payments': {
    service: 'payment',
    scope: 'payment:write',
    prepare: async () => {
      await fillCart();
      const cart = (await (await send('cart', { path: '/cart', token: user })).json()) as {
        totals: unknown[];
      };
      const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090 };
      const headers = { 'idempotency-key': randomUUID() };
      return { path: '/payments', headers, json: { amount: cart.totals[0], card } };
    },
  },
};

/** Makes each kind of token for a route. */
const kinds: Record<string, (route: Route) => string | Promise<string>> = {
  'no token': () => '',
  'the person’s own': () => user,
  'the person’s own, without the scope': ({ scope }) =>
    userScopes.includes(scope ?? '') ? userWithout(scope ?? '') : user,
  'exchanged by payment-service, for cart-service': () => exchangedByPayment,
  'exchanged by wishlist-service, for cart-service': () => exchangedByWishlist,
  'a service’s own': () => paymentsOwn,
  expired: ({ service }) => sign({ ...claims(service), auth_time: secondsAgo(400) }, 400),
  'of a session that has ended': () => ended.user,
  'of a session that has ended, exchanged before': () => ended.exchanged,
  'for another audience': ({ service }) => sign(claims(service === 'wishlist' ? 'cart' : 'wishlist')),
  'with every scope, but without an actor': ({ service }) => sign(claims(service)),
  'with every scope, and another actor': ({ service }) => sign(acted(service, { sub: 'wishlist-service' })),
  'with every scope, and two actors': ({ service }) =>
    sign(acted(service, { sub: 'payment-service', act: { sub: 'wishlist-service' } })),
};

const columns = Object.groupBy(Object.keys(routes), (route) => `${routes[route]?.service}-service`);
const cells = readMatrix(readFileSync(new URL('../../docs/permission-matrix.md', import.meta.url), 'utf8'), {
  routes: columns as Record<string, string[]>,
  kinds: Object.keys(kinds),
});

let stack: Stack;
let payment: Caller;
let wishlist: Caller;
let sign: SignAccessToken;
let user: string;
let userScopes: readonly string[];
let viewerId: string;
let exchangedByPayment: string;
let exchangedByWishlist: string;
let paymentsOwn: string;
let ended: { user: string; exchanged: string };

test.beforeAll(async ({ sharedStack }) => {
  stack = sharedStack;
  [payment, wishlist, sign] = await Promise.all([
    joinAsService(stack, 'payment'),
    joinAsService(stack, 'wishlist'),
    openSigner({ issuer: stack.issuer, databaseUrl: stack.postgres.url('auth'), keyEncryptionKey }),
  ]);
  ({ access_token: user } = await signIn(stack, 'admin'));
  userScopes = claimsOf(user).scope?.split(' ') ?? [];
  viewerId = claimsOf((await signIn(stack, 'viewer')).access_token).sub;
  exchangedByPayment = await payment.exchange(user);
  exchangedByWishlist = await wishlist.exchange(user);
  paymentsOwn = await payment.own();
  const { access_token: token } = await signIn(stack, 'admin');
  ended = { user: token, exchanged: await payment.exchange(token) };
  await send('auth', signingOut(token));
  await untilRefused(stack, token);
});
test.afterAll(() => {
  payment?.close();
  wishlist?.close();
});

test.each(cells)('$service, $route, token $kind: $status', async ({ route: name, kind, status }) => {
  const route = routes[name];
  const tokenFor = kinds[kind];
  if (!route || !tokenFor) throw new Error('the table has been read with these names');
  const request = await route.prepare();
  const method = name.split(' ')[0] as Request['method'];
  const token = await tokenFor(route);
  const response = await send(route.service, { ...request, method, ...(token !== '' && { token }) });
  const text = await textOf(response);
  await route.settle?.(request);
  expect(`${response.status}${response.status === status ? '' : ` ${text}`}`).toBe(String(status));
  if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
});

test('auth-service exchanges no token of a session that has ended, nor of another audience', async () => {
  await expect(payment.exchange(ended.user)).rejects.toThrow('400 invalid_grant');
  await expect(payment.exchange(exchangedByWishlist)).rejects.toThrow('400 invalid_grant');
});

function send(service: Route['service'], request: Request): Promise<Response> {
  return fetch(stack.services[service].url + request.path, messageOf(request, stack.services[service].url));
}

/** The revocation feed never ends, so this reads only the status. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return response.text();
  await response.body?.cancel();
  return '';
}

function fillCart() {
  const json = { sku: 'tea', quantity: 1, unit_price: price };
  return send('cart', { method: 'POST', path: '/cart/items', token: user, json });
}

async function userWithout(scope: string): Promise<string> {
  const scopes = userScopes.filter((each) => each !== scope);
  return (await signIn(stack, 'admin', scopes)).access_token;
}

/** Claims of a person's token for this service alone, with cart:checkout added. */
function claims(service: Route['service']): TokenClaims {
  const scope = [...userScopes, 'cart:checkout'].join(' ');
  return { ...claimsOf(user), aud: [`${service}-service`], scope };
}

function acted(service: Route['service'], act: NonNullable<TokenClaims['act']>): TokenClaims {
  return { ...claims(service), client_id: act.sub, act };
}

function secondsAgo(seconds: number): number {
  return Math.floor(Date.now() / 1000) - seconds;
}
