import { randomUUID } from 'node:crypto';
import type { Outcome } from '../generator/open-load.ts';
import type { Session } from '../system/people.ts';
import { emptyCarts } from './furnish.ts';
import { inTurn } from './in-turn.ts';
import { expecting, personOf, type Scenario, type World } from './scenario.ts';

const price = { amount: 450, currency: 'EUR' };
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090, cvc: '123' };
const tea = '/cart/items/tea';

export const checkout: Scenario = {
  name: 'checkout',
  story:
    'puts tea in the cart and pays for it: payment-service asks cart-service twice on the person’s behalf',
  perSecond: 20,
  prepare: emptyCarts,
  async play(world, index) {
    const person = personOf(world, index);
    return inTurn(person, async () => {
      const outcome = await buyTea(world, person);
      // Otherwise a single failure would make all later checkouts fail.
      if (outcome !== 'ok')
        await world.http.cart.status({ method: 'DELETE', path: tea, token: person.accessToken });
      return outcome;
    });
  },
};

async function buyTea({ http: { cart, payment } }: World, { accessToken: token }: Session): Promise<Outcome> {
  const line = { sku: 'tea', quantity: 1, unit_price: price };
  const added = await cart.status({ method: 'POST', path: '/cart/items', token, json: line });
  if (added !== 201) return `cart ${added}`;
  const headers = { 'idempotency-key': randomUUID() };
  const json = { amount: price, card };
  return expecting(201, await payment.status({ method: 'POST', path: '/payments', token, json, headers }));
}
