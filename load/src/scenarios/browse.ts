import { furnish } from './furnish.ts';
import { expecting, personOf, type Scenario } from './scenario.ts';

export const browse: Scenario = {
  name: 'browse',
  story: 'looks into the cart and at the wishes, at two services with one token',
  perSecond: 200,
  prepare: furnish,
  async play(world, index) {
    const { accessToken: token } = personOf(world, index);
    const [cart, wishlist] = await Promise.all([
      world.http.cart.status({ path: '/cart', token }),
      world.http.wishlist.status({ path: '/wishlist', token }),
    ]);
    return cart === 200 ? expecting(200, wishlist) : String(cart);
  },
};
