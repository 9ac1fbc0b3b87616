import { randomUUID } from 'node:crypto';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { cup, startWishlistService, tea, type WishlistFixture } from './wishlist-fixture.ts';

let service: WishlistFixture;
let stranger: TestIssuer;
let id: string;

beforeAll(async () => {
  service = await startWishlistService();
  stranger = await createTestIssuer({ issuer: service.issuer.issuer, audience: 'wishlist-service' });
  id = (await service.add(tea)).body.id;
});
afterAll(async () => {
  await stranger.close();
  await service.close();
});

const everyScope =
  'cart:read cart:write wishlist:read wishlist:write payment:read payment:write payment:refund accounts:manage keys:manage';

const routes = [
  ['GET', '/wishlist', 'wishlist:read', undefined],
  ['POST', '/wishlist/items', 'wishlist:write', cup],
  ['PATCH', '/wishlist/items/:id', 'wishlist:write', { note: 'changed' }],
  ['DELETE', '/wishlist/items/:id', 'wishlist:write', undefined],
] as const;

const badTokens: [string, () => string][] = [
  [
    'of another service',
    () => service.issuer.mint({ subject: 'ada', audience: 'cart-service', scope: everyScope }),
  ],
  ['that expired', () => service.issuer.expired({ subject: 'ada', scope: everyScope })],
  ['signed with another key', () => stranger.mint({ subject: 'ada', scope: everyScope })],
  ['without a subject', () => service.issuer.mint({ scope: everyScope, claims: { sub: undefined } })],
  ['that is none', () => 'nonsense'],
];

describe.each(routes)('%s %s', (method, path, scope, body) => {
  const request = (token: string) =>
    service.call(path.replace(':id', id), { method, token, ...(body && { body }) });

  it('without a token: 401 and a bare challenge', async () => {
    const before = await service.stored();
    const reply = await request('');
    expect(reply.status).toBe(401);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer (?!.*error)/);
    expect(await service.stored()).toEqual(before);
  });

  it.each(badTokens)('with a token %s: 401 invalid_token', async (_what, token) => {
    const before = await service.stored();
    const reply = await request(token());
    expect(reply.body).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(await service.stored()).toEqual(before);
  });

  it('needs its scope, and no other will do', async () => {
    const before = await service.stored();
    const others = everyScope.split(' ').filter((other) => other !== scope);
    for (const token of [service.tokenOf('ada', others.join(' ')), service.issuer.mint({ subject: 'ada' })]) {
      const reply = await request(token);
      expect(reply.body).toMatchObject({ status: 403, code: 'insufficient_scope' });
      expect(reply.headers['www-authenticate']).toContain(`scope="${scope}"`);
    }
    expect(await service.stored()).toEqual(before);
  });

  it('answers before it looks at the body', async () => {
    const reply = await service.call(path.replace(':id', id), { method, token: '', body: '{"malformed' });
    expect(reply.status).toBe(401);
  });
});

test('each route is done with its scope alone', async () => {
  const item = await service.add(tea, { token: service.tokenOf('eve') });
  for (const [method, path, scope, body] of routes) {
    const token = service.tokenOf('eve', scope);
    const reply = await service.call(path.replace(':id', item.body.id), {
      method,
      token,
      ...(body && { body }),
    });
    expect([200, 201, 204]).toContain(reply.status);
  }
});

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

  it('is not on one’s list, and does not keep one from wishing for the same', async () => {
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
