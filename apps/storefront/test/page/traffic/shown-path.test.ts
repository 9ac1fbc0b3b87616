import { expect, it } from 'vitest';
import { shownPath } from '../../../page/traffic/shown-path.ts';

const id = '0190b0f2-7c1e-7d3a-9f00-7a1c2f3e4d5b';

it.each([
  ['/cart', '/cart'],
  ['/cart/items', '/cart/items'],
  ['/cart/items/mug-blue', '/cart/items/:sku'],
  [`/cart/checkouts/${id}/complete`, '/cart/checkouts/:id/complete'],
  [`/wishlist/items/${id}/move`, '/wishlist/items/:id/move'],
  [`/payments/${id}`, '/payments/:id'],
  [`/payments/${id}/refunds`, '/payments/:id/refunds'],
  ['/sessions/refresh', '/sessions/refresh'],
  ['/sessions/code', '/sessions/code'],
  ['/sessions/current', '/sessions/current'],
  ['/sessions/current/reauthentication', '/sessions/current/reauthentication'],
  ['/sessions/0-cm2iHJfm8_gvnE31rMcZUw', '/sessions/:id'],
  [`/accounts/${id}/sessions/${id}`, '/accounts/:id/sessions/:id'],
  ['/account/consents', '/account/consents'],
  ['/account/consents/gift-ideas', '/account/consents/:clientId'],
  ['/account/identities/kmuWGpHbLZ6mYhXvq2r4sA', '/account/identities/:id'],
  ['/keys/rotation', '/keys/rotation'],
  ['/keys/LiQUzt4wfWI40BX7g6YYFmHJ4zYblCRMNTOLP8kk9CY', '/keys/:kid'],
  ['/demo/phones/7', '/demo/phones/:id'],
  ['/demo/failures/redis', '/demo/failures/redis'],
  ['/', '/'],
])('%s reads %s', (path, shown) => {
  expect(shownPath(path)).toBe(shown);
});
