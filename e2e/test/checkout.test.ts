import type { Stack } from '@latchkey/dev-stack';
import type { NetworkLink } from '@latchkey/service-kit/testing';
import { describe, expect } from 'vitest';
import { atEveryStep } from './at-every-step.ts';
import { type Books, openBooks } from './books.ts';
import { startDoomedReplica } from './replica.ts';
import { newShopper, type Shopper } from './shopper.ts';
import { fingerprintKey, it as test } from './system.ts';

let stack: Stack;
let cartLink: NetworkLink;
let books: Books;
test.beforeAll(async ({ sharedStack, cartLink: link }) => {
  stack = sharedStack;
  cartLink = link;
  books = await openBooks(stack);
});
test.afterAll(() => books?.close());

async function cartIsAt(url: string): Promise<void> {
  await cartLink.cut();
  await cartLink.restore(url);
}

/** A person whose cart costs 2100. */
async function buyer(): Promise<Shopper> {
  const shopper = await newShopper(stack);
  await shopper.put('tea', 2, 450);
  await shopper.put('cup', 1, 1200);
  return shopper;
}

/** Expects one charge, one emptied cart and no open claim. */
async function expectPaidOnce(shopper: Shopper, context = ''): Promise<void> {
  expect(await books.charges(shopper.subject), context).toEqual([2100]);
  expect(await books.claims(shopper.subject), context).toEqual(['completed']);
  expect(await shopper.cart(), context).toEqual({});
  expect(await shopper.payments(), context).toMatchObject([{ status: 'succeeded', cart_settled: true }]);
}

/** What a service has logged under a trace. */
function linesOf(service: { logs(): string }, traceId: string): Record<string, unknown>[] {
  const lines = service.logs().split('\n');
  return lines.filter((line) => line.includes(traceId)).map((line) => JSON.parse(line));
}

describe('a checkout', () => {
  test('charges exactly what the cart costs, and empties it, in one trace', async () => {
    const shopper = await buyer();
    const tooLittle = await shopper.pay(2099);
    expect([tooLittle.status, tooLittle.body['code']]).toEqual([409, 'cart_changed']);
    expect(await shopper.cart()).toEqual({ tea: 2, cup: 1 });

    await shopper.signInAgain();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const paid = await shopper.pay(2100, { headers: { traceparent } });
    expect([paid.status, paid.body['status'], paid.body['cart_settled']]).toEqual([201, 'succeeded', true]);
    expect(await books.charges(shopper.subject)).toEqual([2100]);
    expect(await shopper.cart()).toEqual({});
    const { payment, auth, cart } = stack.services;
    // The payment, the token exchange for cart-service, and the cart's completion.
    expect(linesOf(payment, traceId)).toContainEqual(expect.objectContaining({ subject: shopper.subject }));
    expect(JSON.stringify(linesOf(auth, traceId))).toContain('token.exchanged');
    expect(linesOf(cart, traceId)).toMatchObject(
      ['open', 'completed'].map((status) => ({
        checkout_id: paid.body['id'],
        checkout_status: status,
        subject: shopper.subject,
        actors: ['payment-service'],
      })),
    );
    const again = await shopper.pay(2100);
    expect([again.status, again.body['code']]).toEqual([409, 'cart_empty']);
  });

  test('of a large amount wants a recent sign-in, which re-authentication in the same session gives', async () => {
    const shopper = await newShopper(stack);
    await shopper.put('gold', 1, 100_001);
    await shopper.waitAnHour();
    const refused = await shopper.pay(100_001, { key: 'large' });
    expect([refused.status, refused.body['code']]).toEqual([401, 'insufficient_user_authentication']);
    expect(refused.headers.get('www-authenticate')).toContain('max_age="300"');
    expect(await books.claims(shopper.subject)).toEqual([]);

    expect((await shopper.reauthenticate()).status).toBe(200);
    const paid = await shopper.pay(100_001, { key: 'large' });
    expect([paid.status, paid.body['status']]).toEqual([201, 'succeeded']);
    expect(await shopper.cart()).toEqual({});
  });

  test('needs no auth-service if it keeps a token, and otherwise names the hop that failed', async () => {
    const { auth } = stack.services;
    const [known, unknown] = [await buyer(), await buyer()];
    // Makes payment-service keep a token for this session.
    await known.pay(1);
    await auth.stop();
    try {
      expect((await known.pay(2100)).status).toBe(201);
      const refused = await unknown.pay(2100, { key: 'meanwhile' });
      expect([refused.status, refused.body['code'], refused.body['hop']]).toEqual([
        503,
        'hop_unavailable',
        'cart-service',
      ]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.text).not.toMatch(/127\.0\.0\.1|ECONN|eyJ/);
    } finally {
      await auth.start();
    }
    expect(await books.charges(unknown.subject)).toEqual([]);
    expect((await unknown.pay(2100, { key: 'meanwhile' })).status).toBe(201);
    await expectPaidOnce(unknown);
  });
});

test('payment-service killed at any step: repeated, it charges once and empties the cart once', async () => {
  const steps = await atEveryStep(13, async (numbers) => {
    // All start at once, so that auth-service learns of all their keys together.
    const doomed = await Promise.all(
      numbers.map(async (beforeStep) => {
        const replica = await startDoomedReplica(stack, {
          service: 'payment',
          env: { FINGERPRINT_KEY: fingerprintKey },
          fault: { request: '^POST /payments$', steps: 'statement,call,answer', beforeStep },
        });
        return { beforeStep, replica, shopper: await buyer() };
      }),
    );
    return Promise.all(
      doomed.map(async ({ beforeStep, replica, shopper }) => {
        const first = await shopper.pay(2100, { key: 'the-same', url: replica.url }).catch(() => undefined);
        replica.kill();
        expect(await replica.ended).toBe('SIGKILL');
        const repeated = await shopper.pay(2100, { key: 'the-same' });
        const again = await shopper.pay(2100, { key: 'the-same' });

        const context = `killed before step ${beforeStep}`;
        expect([repeated.status, repeated.body['status'], context]).toEqual([201, 'succeeded', context]);
        expect(again.text).toBe(repeated.text);
        await expectPaidOnce(shopper, context);
        return first === undefined;
      }),
    );
  });
  // Write down (2), look at others, exchange, claim without and with cart-service's nonce, charge, record, complete,
  // settle, keep the answer, send it.
  expect(steps).toBe(12);
});

test('cart-service killed before or after each of its two parts: repeated, it charges once and empties the cart once', async () => {
  // The claim comes and is answered, without and with the replica's nonce; the completion comes and is answered.
  const replicas = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((beforeStep) =>
      startDoomedReplica(stack, {
        service: 'cart',
        env: {},
        fault: { request: '^(PUT|POST) /cart/checkouts/', steps: 'request,answer', beforeStep },
      }),
    ),
  );
  for (const [index, replica] of replicas.entries()) {
    const shopper = await buyer();
    await cartIsAt(replica.url);
    const first = await shopper.pay(2100, { key: 'the-same' });
    expect(await replica.ended).toBe('SIGKILL');
    if (index < 4) expect([first.status, first.body['hop']]).toEqual([503, 'cart-service']);
    else
      expect([first.status, first.body['status'], first.body['cart_settled']]).toEqual([
        202,
        'succeeded',
        false,
      ]);

    await cartIsAt(stack.services.cart.url);
    // One repeats the request, one reads the payment, and one does neither and pays for something else.
    if (index === 5) await shopper.payment(first.body['id']);
    else expect((await shopper.pay(2100, { key: 'the-same' })).status).toBe(201);
    await expectPaidOnce(shopper, `killed at ${index}`);
  }
});
