import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { describeDocument, testOutages } from '@latchkey/testing/service-contract';
import { startWishlistService, tea } from './wishlist-fixture.ts';

describeDocument(startWishlistService, {
  'get /wishlist': ['wishlist:read'],
  'post /wishlist/items': ['wishlist:write'],
  'patch /wishlist/items/{id}': ['wishlist:write'],
  'delete /wishlist/items/{id}': ['wishlist:write'],
  'post /wishlist/items/{id}/move': ['wishlist:write', 'cart:write'],
});

testOutages({
  start: startWishlistService,
  startNetworkLink,
  createTestDatabase,
  route: '/wishlist',
  requests: [
    ({ call }) => call(`/wishlist/items/${randomUUID()}`, { method: 'DELETE' }),
    ({ add }) => add(tea),
  ],
});
