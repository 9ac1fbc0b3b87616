import { randomUUID } from 'node:crypto';
import { expecting, personOf, type Scenario } from './scenario.ts';

const price = { amount: 450, currency: 'EUR' };
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090, cvc: '123' };

export const checkout: Scenario = {
  name: 'checkout',
  story:
    'puts tea in the cart and pays for it: payment-service asks cart-service twice on the person’s behalf',
  perSecond: 20,
  async play(world, index) {
    const { accessToken: token } = personOf(world, index);
    const line = { sku: 'tea', quantity: 1, unit_price: price };
    const added = await world.http.cart.status({ method: 'POST', path: '/cart/items', token, json: line });
    if (added !== 201) return `cart ${added}`;
    const headers = { 'idempotency-key': randomUUID() };
    const json = { amount: price, card };
    return expecting(
      201,
      await world.http.payment.status({ method: 'POST', path: '/payments', token, json, headers }),
    );
  },
};
