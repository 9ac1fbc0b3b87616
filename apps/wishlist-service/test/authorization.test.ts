import { randomUUID } from 'node:crypto';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import {
  type ContractRoute,
  type ContractService,
  describeAuthorization,
  sendBy,
} from '@latchkey/testing/service-contract';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { cup, startWishlistService, tea, type WishlistFixture } from './wishlist-fixture.ts';

let service: WishlistFixture;
let stranger: TestIssuer;
let id: string;
/** The owner of the item that the routes ask about. */
let asked: string;

beforeAll(async () => {
  service = await startWishlistService();
  stranger = await createTestIssuer({ issuer: service.issuer.issuer, audience: 'wishlist-service' });
  id = (await service.add(tea)).body.id;
  asked = id;
});
afterAll(async () => {
  await stranger.close();
  await service.close();
});

const routes: ContractRoute[] = [
  { method: 'GET', path: '/wishlist', scopes: ['wishlist:read'], status: 200 },
  { method: 'POST', path: '/wishlist/items', scopes: ['wishlist:write'], body: cup, status: 201 },
  {
    method: 'PATCH',
    path: '/wishlist/items/:id',
    scopes: ['wishlist:write'],
    body: { note: 'changed' },
    status: 200,
  },
  { method: 'DELETE', path: '/wishlist/items/:id', scopes: ['wishlist:write'], status: 204 },
];

const contract = (): ContractService => ({
  issuer: service.issuer,
  stranger,
  stored: service.stored,
  prepare: async (subject) => {
    asked = (await service.add(tea, { token: service.tokenOf(subject) })).body.id;
  },
  send: sendBy(service.call, ({ path }) => path.replace(':id', asked)),
});
describeAuthorization(routes, { otherAudience: 'cart-service' }, contract);

describe('another’s item', () => {
  it('is as unknown as one that does not exist', async () => {
    const token = service.tokenOf('bob');
    const before = await service.stored();
    for (const request of [{ method: 'PATCH', body: { note: 'mine' } }, { method: 'DELETE' }] as const) {
      const others = await service.call(`/wishlist/items/${id}`, { ...request, token });
      const nobodys = await service.call(`/wishlist/items/${randomUUID()}`, { ...request, token });
      expect(others.body).toMatchObject({ status: 404, code: 'item_not_found' });
      expect({ ...others.body, instance: '' }).toEqual({ ...nobodys.body, instance: '' });
    }
    expect(await service.stored()).toEqual(before);
  });

  it('is not on the person’s own list, and does not prevent the same wish', async () => {
    const token = service.tokenOf('bob2');
    expect(await service.wishlist(token)).toEqual({ items: [] });
    const reply = await service.add({ sku: 'tea' }, { token });
    expect(reply).toMatchObject({ status: 201, body: { note: null } });
    expect(reply.body.id).not.toBe(id);
    expect((await service.wishlist()).items).toMatchObject([{ id, note: 'for the birthday' }]);
  });
});

test('no token is in the log', async () => {
  const token = service.tokenOf('ada');
  await service.call(`/wishlist?access_token=${token}`, { token: 'nonsense' });
  await service.call(`/${token}`, { token });
  expect(service.log()).toContain('request refused');
  expect(service.log()).not.toMatch(/eyJ/);
});
