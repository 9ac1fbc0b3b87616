import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Request, refreshing, signingIn, signingOut } from '@latchkey/person';
import { type ServiceKey, verifierKeys } from '@latchkey/services';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import { paths } from '../verdicts.ts';
import { createKeepAlive } from './keep-alive.ts';
import type { Tally } from './tally.ts';

export type Account = { username: string; password: string; roles: string[] };

/** What was agreed with one person while the replicas were replaced. */
export type Outcome = {
  /** Tokens of sessions that they ended. */
  signedOut: string[];
  /** The amounts that they were told they paid, by their subject. */
  paid: { subject: string; amounts: number[] };
};

export type PersonOptions = {
  account: Account;
  /** Another person, whose things move into their cart: a cart that is being paid for must not change. */
  mover: Account;
  urls: Readonly<Record<ServiceKey, string>>;
  /** The proxy's name. */
  via: string;
  tally: Tally;
  /** The page's origin. */
  origin: string;
  /** Aborted when they shall stop. */
  signal: AbortSignal;
};

type Tokens = { access_token: string; refresh_token: string };

const price = { amount: 450, currency: 'EUR' };
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090 };
/** Longer than a replica takes to close idle connections, so that some are idle then. */
const longestPauseMs = 600;

/** A person who does everything that one can do, over and over, by several devices at once. */
export async function live(options: PersonOptions): Promise<Outcome> {
  const { account, urls, via, tally, origin, signal } = options;
  const outcome: Outcome = { signedOut: [], paid: { subject: '', amounts: [] } };
  const clients: { close(): void }[] = [];

  /** Repeats `work` until the end, over connections of its own. */
  const device = async (
    work: (
      ask: (key: ServiceKey, request: Request, ...expected: number[]) => Promise<Answer | undefined>,
    ) => Promise<() => Promise<unknown>>,
  ) => {
    const client = createKeepAlive();
    clients.push(client);
    const once = await work((key, request, ...expected) =>
      tally.ask({ url: urls[key], via, fetch: client.fetch }, request, ...expected),
    );
    while (!signal.aborted) {
      await once();
      await delay(randomInt(longestPauseMs));
    }
  };
  const signIn = { ...signingIn(account) };

  await Promise.all([
    device(async (ask) => {
      const signedIn = await ask('auth', signIn, 201);
      const { access_token: token } = (signedIn?.body ?? {}) as Tokens;
      outcome.paid.subject = subjectOf(token);
      return async () => {
        const sku = `thing-${randomInt(20)}`;
        const key = randomUUID();
        const add = {
          method: 'POST' as const,
          path: '/cart/items',
          token,
          json: { sku, quantity: 1, unit_price: price },
          headers: { 'idempotency-key': key },
        };
        await ask('cart', add, 200, 201);
        await ask('cart', add, 200, 201);
        const cart = await ask('cart', { path: '/cart', token }, 200);
        const pay = {
          method: 'POST' as const,
          path: '/payments',
          token,
          json: { amount: (cart?.body['total'] ?? price) as typeof price, card },
          headers: { 'idempotency-key': key },
        };
        await ask('payment', pay, 201);
        const paid = await ask('payment', pay, 201);
        if (paid) outcome.paid.amounts.push((paid.body['amount'] as typeof price).amount);
      };
    }),
    device(async (ask) => {
      const signedIn = await ask('auth', signIn, 201);
      let tokens = (signedIn?.body ?? {}) as Tokens;
      return async () => {
        const next = await ask('auth', refreshing(tokens.refresh_token), 200);
        if (next) tokens = next.body as Tokens;
        await ask('cart', { path: '/cart', token: tokens.access_token }, 200);
      };
    }),
    device(async (ask) => {
      const json = { client_id: 'storefront', ...account, roles: undefined };
      const signedIn = await ask('auth', { ...signIn, json, headers: { origin } }, 201);
      let cookie = cookieOf(signedIn);
      return async () => {
        const next = await ask(
          'auth',
          {
            method: 'POST',
            path: '/sessions/refresh',
            json: { client_id: 'storefront' },
            headers: { origin, cookie },
          },
          200,
        );
        if (next) cookie = cookieOf(next);
        await ask('auth', { path: '/.well-known/jwks.json' }, 200);
      };
    }),
    device(async (ask) => {
      const signedIn = await ask('auth', signingIn(options.mover), 201);
      const { access_token: token } = (signedIn?.body ?? {}) as Tokens;
      return async () => {
        // Without a key: nobody may repeat it.
        const wish = {
          method: 'POST' as const,
          path: '/wishlist/items',
          token,
          json: { sku: `wish-${randomInt(1e9)}` },
        };
        const added = await ask('wishlist', wish, 201);
        if (!added) return;
        const path = `/wishlist/items/${added.body['id']}/move`;
        await ask('wishlist', { method: 'POST', path, token, json: { unit_price: price, quantity: 1 } }, 200);
        await ask('cart', { method: 'DELETE', path: `/cart/items/${wish.json.sku}`, token }, 204);
      };
    }),
    device(async (ask) => async () => {
      const signedIn = await ask('auth', signIn, 201);
      const { access_token: token } = (signedIn?.body ?? {}) as Tokens;
      await ask('cart', { path: '/cart', token }, 200);
      if (await ask('auth', { ...signingOut(token) }, 204)) outcome.signedOut.push(token);
      for (const key of verifierKeys)
        await eventually(`${key}-service is told of a sign-out`, async () => {
          const answer = await ask(key, { path: paths[key], token }, 200, 401);
          expect(answer?.status).toBe(401);
        });
      await delay(longestPauseMs);
    }),
  ]).finally(() => {
    for (const client of clients) client.close();
  });
  return outcome;
}

function cookieOf(answer: Answer | undefined): string {
  return answer?.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
}

function subjectOf(token = ''): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return String((JSON.parse(claims || '{}') as { sub?: unknown }).sub);
}
