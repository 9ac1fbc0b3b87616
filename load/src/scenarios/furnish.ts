import type { Session } from '../system/people.ts';
import type { World } from './scenario.ts';

const things = ['bowl', 'kettle', 'lamp'];
const price = { amount: 2400, currency: 'EUR' };
const atOnce = 8;

/**
 * Gives each person three items in the cart and three wishes, because empty lists are cheaper to read than real ones.
 */
export async function furnish({ people, http: { cart, wishlist } }: World): Promise<void> {
  await forEach(people, async ({ accessToken: token }) => {
    await cart.status({ method: 'DELETE', path: '/cart', token });
    for (const sku of things) {
      const line = { sku, quantity: 1, unit_price: price };
      const added = await cart.status({ method: 'POST', path: '/cart/items', token, json: line });
      // 200: that wish is on the list already.
      const wished = await wishlist.status({ method: 'POST', path: '/wishlist/items', token, json: { sku } });
      if (added !== 201 || ![200, 201].includes(wished))
        throw new Error(`A cart could not be filled (${added}), or a wish made (${wished}).`);
    }
  });
}

/** Empties all carts, for a scenario in which people pay only for what they have just put in. */
export async function emptyCarts({ people, http: { cart } }: World): Promise<void> {
  await forEach(people, async ({ accessToken: token }) => {
    const status = await cart.status({ method: 'DELETE', path: '/cart', token });
    if (status !== 204) throw new Error(`A cart could not be emptied: ${status}.`);
  });
}

async function forEach(people: readonly Session[], work: (person: Session) => Promise<void>): Promise<void> {
  const waiting = people.values();
  const workOff = async (): Promise<void> => {
    for (const person of waiting) await work(person);
  };
  await Promise.all(Array.from({ length: atOnce }, workOff));
}
