import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { describeDocument, testOutages } from '@latchkey/testing/service-contract';
import { startCartService, tea } from './cart-fixture.ts';

describeDocument(startCartService, {
  'get /cart': ['cart:read'],
  'delete /cart': ['cart:write'],
  'post /cart/items': ['cart:write'],
  'patch /cart/items/{sku}': ['cart:write'],
  'delete /cart/items/{sku}': ['cart:write'],
  'put /cart/checkouts/{id}': ['cart:checkout'],
  'post /cart/checkouts/{id}/complete': ['cart:checkout'],
  'post /cart/checkouts/{id}/release': ['cart:checkout'],
});

testOutages({
  start: startCartService,
  startNetworkLink,
  createTestDatabase,
  route: '/cart',
  requests: [({ call }) => call('/cart', { method: 'DELETE' }), ({ add }) => add(tea)],
});
