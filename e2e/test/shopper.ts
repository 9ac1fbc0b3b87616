import { randomUUID } from 'node:crypto';
import type { Stack } from '@latchkey/dev-stack';
import { type Answer, ask, type Request, refreshing, send, signIn, type Tokens } from '@latchkey/person';
import { ageSignIn } from './old-sign-in.ts';

const password = 'walnut-harbour-lantern-39';

export type Shopper = Awaited<ReturnType<typeof newShopper>>;

/** Registers and signs in a new person, whose carts, wishes and payments no other test touches. */
export async function newShopper(stack: Stack) {
  const { auth, cart, wishlist, payment } = stack.services;
  const username = `shopper-${randomUUID().slice(0, 13)}`;
  const account = { username, password };
  const { id } = await ask(auth.url, { method: 'POST', path: '/accounts', json: account });
  let tokens = await signIn(auth.url, account);
  const call = (url: string, request: Request): Promise<Answer> =>
    send(url, { token: tokens.access_token, ...request });

  return {
    subject: String(id),
    /** Starts a new session, of which no service has kept anything. */
    signInAgain: async () => {
      tokens = await signIn(auth.url, account);
    },
    /** Makes their sign-in an hour old. */
    waitAnHour: async () => {
      await ageSignIn(stack, tokens.access_token);
      tokens = (await ask(auth.url, refreshing(tokens.refresh_token))) as Tokens;
    },
    /** Authenticates them again in the same session. */
    reauthenticate: async () => {
      const path = '/sessions/current/reauthentication';
      const answer = await call(auth.url, { method: 'POST', path, json: { password } });
      tokens = { ...tokens, access_token: String(answer.body['access_token']) };
      return answer;
    },
    put: (sku: string, quantity: number, amount: number) =>
      call(cart.url, {
        method: 'POST',
        path: '/cart/items',
        json: { sku, quantity, unit_price: { amount, currency: 'EUR' } },
      }),
    /** What the cart holds, by item. */
    cart: async () => {
      const { items } = (await call(cart.url, { path: '/cart' })).body as {
        items: { sku: string; quantity: number }[];
      };
      return Object.fromEntries(items.map(({ sku, quantity }) => [sku, quantity]));
    },
    pay: (
      amount: number,
      {
        key = randomUUID() as string,
        url = payment.url,
        headers,
      }: Pick<Request, 'headers'> & { key?: string; url?: string } = {},
    ) =>
      call(url, {
        method: 'POST',
        path: '/payments',
        json: {
          amount: { amount, currency: 'EUR' },
          card: { number: '4242424242424242', exp_month: 12, exp_year: 2090 },
        },
        headers: { 'idempotency-key': key, ...headers },
      }),
    payments: async () =>
      (await call(payment.url, { path: '/payments' })).body['payments'] as Record<string, unknown>[],
    payment: (id: unknown) => call(payment.url, { path: `/payments/${id}` }),
    wish: async (sku: string) =>
      String(
        (await call(wishlist.url, { method: 'POST', path: '/wishlist/items', json: { sku } })).body['id'],
      ),
    move: (item: string, quantity: number, url = wishlist.url) =>
      call(url, {
        method: 'POST',
        path: `/wishlist/items/${item}/move`,
        json: { unit_price: { amount: 450, currency: 'EUR' }, quantity },
      }),
    /** The wishes, each with its state. */
    wishes: async () => {
      const { items } = (await call(wishlist.url, { path: '/wishlist' })).body as {
        items: { sku: string; status: string }[];
      };
      return Object.fromEntries(items.map(({ sku, status }) => [sku, status]));
    },
  };
}
