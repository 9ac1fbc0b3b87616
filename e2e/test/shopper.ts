import { randomUUID } from 'node:crypto';
import type { Stack } from '@latchkey/dev-stack';
import { ageSignIn } from './old-sign-in.ts';
import { bearer, refresh, type Tokens } from './system.ts';

const password = 'walnut-harbour-lantern-39';

export type Reply = { status: number; text: string; body: Record<string, unknown>; headers: Headers };
type Call = { method?: string; body?: unknown; headers?: Record<string, string>; url?: string };

export type Shopper = Awaited<ReturnType<typeof newShopper>>;

/** Somebody who has just registered and signed in, with carts, wishes and payments of nobody else's. */
export async function newShopper(stack: Stack) {
  const { auth, cart, wishlist, payment } = stack.services;
  const username = `shopper-${randomUUID().slice(0, 13)}`;
  const { id } = (await ask(`${auth.url}/accounts`, { method: 'POST', body: { username, password } })).body;

  async function signIn(): Promise<Tokens> {
    const body = { client_id: 'latchkey-cli', username, password };
    const reply = await ask(`${auth.url}/sessions`, { method: 'POST', body });
    if (reply.status !== 201) throw new Error(`signing in answered ${reply.status}: ${reply.text}`);
    return reply.body as Tokens;
  }

  let { access_token: token, refresh_token: refreshToken } = await signIn();
  const call = (url: string, { headers, ...rest }: Call = {}) =>
    ask(url, { ...rest, headers: { ...bearer(token), ...headers } });

  return {
    subject: String(id),
    /** A session of its own, from which nothing has been kept anywhere. */
    signInAgain: async () => {
      ({ access_token: token, refresh_token: refreshToken } = await signIn());
    },
    /** From now on their sign-in is an hour old. */
    waitAnHour: async () => {
      await ageSignIn(stack, token);
      const refreshed = (await (await refresh(stack, refreshToken)).json()) as Tokens;
      ({ access_token: token, refresh_token: refreshToken } = refreshed);
    },
    /** Proves who they are once more, in the same session. */
    reauthenticate: async () => {
      const reply = await call(`${auth.url}/sessions/current/reauthentication`, {
        method: 'POST',
        body: { password },
      });
      token = String(reply.body['access_token']);
      return reply;
    },
    put: (sku: string, quantity: number, amount: number) =>
      call(`${cart.url}/cart/items`, {
        method: 'POST',
        body: { sku, quantity, unit_price: { amount, currency: 'EUR' } },
      }),
    /** What the cart holds, by thing. */
    cart: async () => {
      const { items } = (await call(`${cart.url}/cart`)).body as {
        items: { sku: string; quantity: number }[];
      };
      return Object.fromEntries(items.map(({ sku, quantity }) => [sku, quantity]));
    },
    pay: (
      amount: number,
      { key = randomUUID() as string, url = payment.url, ...rest }: Call & { key?: string } = {},
    ) =>
      call(`${url}/payments`, {
        method: 'POST',
        body: {
          amount: { amount, currency: 'EUR' },
          card: { number: '4242424242424242', exp_month: 12, exp_year: 2090 },
        },
        ...rest,
        headers: { 'idempotency-key': key, ...rest.headers },
      }),
    payments: async () =>
      (await call(`${payment.url}/payments`)).body['payments'] as Record<string, unknown>[],
    payment: (id: unknown) => call(`${payment.url}/payments/${id}`),
    wish: async (sku: string) =>
      String((await call(`${wishlist.url}/wishlist/items`, { method: 'POST', body: { sku } })).body['id']),
    move: (item: string, quantity: number, url = wishlist.url) =>
      call(`${url}/wishlist/items/${item}/move`, {
        method: 'POST',
        body: { unit_price: { amount: 450, currency: 'EUR' }, quantity },
      }),
    /** What is wished for, and how each stands. */
    wishes: async () => {
      const { items } = (await call(`${wishlist.url}/wishlist`)).body as {
        items: { sku: string; status: string }[];
      };
      return Object.fromEntries(items.map(({ sku, status }) => [sku, status]));
    },
  };
}

async function ask(url: string, { method = 'GET', body, headers }: Call): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    body: text.startsWith('{') ? JSON.parse(text) : {},
    headers: response.headers,
  };
}
