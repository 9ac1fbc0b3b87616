import type { Outcome } from '../generator/open-load.ts';
import type { Session } from '../system/people.ts';
import { inTurn } from './in-turn.ts';
import { expecting, personOf, type Scenario, type World } from './scenario.ts';

const price = { amount: 1900, currency: 'EUR' };

export const move: Scenario = {
  name: 'move to cart',
  story:
    'wishes for a mug, and moves it into the cart: wishlist-service calls cart-service on the person’s behalf',
  perSecond: 20,
  async play(world, index) {
    const person = personOf(world, index);
    return inTurn(person, () => moveMug(world, person));
  },
};

async function moveMug(
  { http: { wishlist, cart } }: World,
  { accessToken: token }: Session,
): Promise<Outcome> {
  const wish = { sku: 'mug', note: 'blue' };
  const wished = await wishlist.request({ method: 'POST', path: '/wishlist/items', token, json: wish });
  const id = wished.body['id'];
  if (typeof id !== 'string') return `wish ${wished.status}`;
  const json = { quantity: 1, unit_price: price };
  const path = `/wishlist/items/${id}/move`;
  const moved = await wishlist.status({ method: 'POST', path, token, json });
  if (moved !== 200) return `move ${moved}`;
  // Restores the cart for the next time.
  return expecting(204, await cart.status({ method: 'DELETE', path: '/cart/items/mug', token }));
}
