import type { Stack } from '@latchkey/dev-stack';
import type { NetworkLink } from '@latchkey/service-kit/testing';
import { expect } from 'vitest';
import { atEveryStep } from './at-every-step.ts';
import { type Replica, startDoomedReplica } from './replica.ts';
import { newShopper, type Shopper } from './shopper.ts';
import { it as test } from './system.ts';

let stack: Stack;
let cartLink: NetworkLink;
test.beforeAll(({ sharedStack, cartLink: link }) => {
  stack = sharedStack;
  cartLink = link;
});

async function cartIsAt(url: string): Promise<void> {
  await cartLink.cut();
  await cartLink.restore(url);
}

/** Expects the item in the cart, exactly once, and not on the list. */
async function expectInCart(shopper: Shopper, context: string): Promise<void> {
  expect(await shopper.wishes(), context).toEqual({});
  expect(await shopper.cart(), context).toEqual({ tea: 3 });
}

/** Repeats the move or reads the list. Both complete an unfinished move. */
async function carryOn(shopper: Shopper, item: string, how: number): Promise<void> {
  if (how % 2 === 0) await shopper.wishes();
  else expect([200, 404]).toContain((await shopper.move(item, 3)).status);
}

test('a wish moves into the cart, on the person’s behalf; an item that the cart refuses stays a wish', async () => {
  const shopper = await newShopper(stack);
  const item = await shopper.wish('tea');
  const moved = await shopper.move(item, 3);
  expect([moved.status, moved.body]).toEqual([
    200,
    { sku: 'tea', quantity: 3, unit_price: { amount: 450, currency: 'EUR' } },
  ]);
  await expectInCart(shopper, 'moved');

  const more = await shopper.wish('tea');
  const refused = await shopper.move(more, 998);
  expect([refused.status, refused.body['code'], refused.body['hop']]).toEqual([
    409,
    'quantity_limit',
    'cart-service',
  ]);
  expect(await shopper.wishes()).toEqual({ tea: 'wished' });
});

test('cart-service killed at any step of a move: in the end the item is in one place', async () => {
  const steps = await atEveryStep(5, async (numbers) => {
    const replicas = await Promise.all(
      numbers.map((beforeStep) =>
        startDoomedReplica(stack, {
          service: 'cart',
          env: {},
          fault: { request: '^POST /cart/items$', steps: 'statement,answer', beforeStep },
        }),
      ),
    );
    const was: boolean[] = [];
    for (const [index, replica] of replicas.entries())
      was.push(await moveThrough(replica, numbers[index] ?? 0));
    return was;
  });
  // Ask for a nonce, begin, commit, answer.
  expect(steps).toBe(4);
});

/** True when the replica died of it. */
async function moveThrough(replica: Replica, step: number): Promise<boolean> {
  const context = `killed before step ${step}`;
  const shopper = await newShopper(stack);
  const item = await shopper.wish('tea');
  await cartIsAt(replica.url);
  const first = await shopper.move(item, 3);
  const died = first.status !== 200;
  if (died) {
    expect([first.status, first.body['hop'], context]).toEqual([503, 'cart-service', context]);
    expect(await replica.ended).toBe('SIGKILL');
    // The outcome is unknown at this point, and the list says so.
    expect(await shopper.wishes(), context).toEqual({ tea: 'moving' });
  }
  replica.kill();
  await cartIsAt(stack.services.cart.url);
  await carryOn(shopper, item, step);
  await expectInCart(shopper, context);
  return died;
}

test('wishlist-service killed at any step of a move: in the end the item is in one place', async () => {
  const steps = await atEveryStep(8, async (numbers) => {
    const doomed = await Promise.all(
      numbers.map(async (beforeStep) => {
        const replica = await startDoomedReplica(stack, {
          service: 'wishlist',
          env: { CART_TIMEOUT_MS: '10000' },
          fault: { request: '/move$', steps: 'statement,call,answer', beforeStep },
        });
        return { beforeStep, replica, shopper: await newShopper(stack) };
      }),
    );
    return Promise.all(
      doomed.map(async ({ beforeStep, replica, shopper }) => {
        const item = await shopper.wish('tea');
        const first = await shopper.move(item, 3, replica.url).catch(() => undefined);
        replica.kill();
        await replica.ended;
        const context = `killed before step ${beforeStep}`;
        if (first === undefined) {
          const [wishes, cart] = [await shopper.wishes(), await shopper.cart()];
          // Reading the list has completed the move, unless it had not begun.
          expect([{ tea: 'wished' }, {}], context).toContainEqual(wishes);
          expect(cart, context).toEqual('tea' in wishes ? {} : { tea: 3 });
        }
        await carryOn(shopper, item, 1);
        await expectInCart(shopper, context);
        return first === undefined;
      }),
    );
  });
  // Mark (2), exchange, add without and with cart-service's nonce, take off the list, answer.
  expect(steps).toBe(7);
});
