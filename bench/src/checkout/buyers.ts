import { randomBytes, randomUUID } from 'node:crypto';
import type { Stack } from '@latchkey/dev-stack';

const price = { amount: 450, currency: 'EUR' };
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090, cvc: '123' };

/** Somebody who has signed in, and buys with the same access token again and again. */
export type Buyer = {
  readonly accessToken: string;
  /** Fills the cart and pays for it. Resolves to the milliseconds that paying took. */
  checkOut(): Promise<number>;
};

/** Makes that many accounts, and signs each in once. Two at a time: as many passwords as auth-service hashes at once. */
export async function signInBuyers({ services }: Stack, count: number): Promise<Buyer[]> {
  const signInNext = async (): Promise<Buyer> => {
    const account = { username: `bench-${randomUUID()}`, password: randomBytes(24).toString('base64url') };
    const { auth, cart, payment } = services;
    await post(`${auth.url}/accounts`, { body: account });
    const session = await post(`${auth.url}/sessions`, { body: { ...account, client_id: 'latchkey-cli' } });
    const accessToken = String(session['access_token']);
    const authorization = `Bearer ${accessToken}`;
    const line = { sku: 'tea', quantity: 1, unit_price: price };
    return {
      accessToken,
      async checkOut() {
        await post(`${cart.url}/cart/items`, { headers: { authorization }, body: line });
        const startedAt = performance.now();
        const paid = await post(`${payment.url}/payments`, {
          headers: { authorization, 'idempotency-key': randomUUID() },
          body: { amount: price, card },
        });
        const elapsedMs = performance.now() - startedAt;
        if (paid['status'] !== 'succeeded' || paid['cart_settled'] !== true)
          throw new Error(`A payment ended otherwise: ${JSON.stringify(paid)}`);
        return elapsedMs;
      },
    };
  };
  const buyers: Buyer[] = [];
  while (buyers.length < count)
    buyers.push(...(await Promise.all([signInNext(), signInNext()])).slice(0, count - buyers.length));
  return buyers;
}

type Post = { readonly headers?: Record<string, string>; readonly body: object };

async function post(url: string, { headers, body }: Post): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`POST ${url} was answered ${response.status}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
