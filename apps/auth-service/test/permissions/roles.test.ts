import { services } from '@latchkey/services';
import { expect, test } from 'vitest';
import { personScopes } from '../../src/permissions/resource-servers.ts';
import { parseRoles, roles, scopesOf } from '../../src/permissions/roles.ts';

test('a viewer reads, and nothing else', () => {
  expect(scopesOf(['viewer'])).toEqual(['cart:read', 'wishlist:read', 'payment:read']);
});

test('a customer may not refund, support may', () => {
  expect(scopesOf(['customer'])).not.toContain('payment:refund');
  expect(scopesOf(['support'])).toEqual([...scopesOf(['customer']), 'payment:refund']);
});

test('only an admin manages accounts, clients and keys, and watches what is revoked', () => {
  expect(scopesOf(['admin'])).toEqual([...personScopes]);
  expect(personScopes).toEqual(
    expect.arrayContaining(['accounts:manage', 'clients:manage', 'keys:manage', 'revocations:read']),
  );
  const others = scopesOf(['viewer', 'customer', 'support']);
  expect(others.filter((scope) => scope.endsWith(':manage') || scope === 'revocations:read')).toEqual([]);
});

test('there is a role for each permission in the shop alone', () => {
  const alone = roles.map((role) => scopesOf([role])).filter((scopes) => scopes.length === 1);
  expect(alone.flat()).toEqual(personScopes.filter((scope) => !(scope in services.auth.scopes)));
});

test('several roles allow what they allow together, each scope once and in one order', () => {
  expect(scopesOf(['support', 'viewer'])).toEqual(scopesOf(['viewer', 'support', 'viewer']));
  expect(scopesOf([])).toEqual([]);
});

test.each(['root', '', 'Admin', '__proto__', 'constructor', 'toString'])('the role %j is refused', (name) => {
  expect(() => scopesOf([name])).toThrow(RangeError);
  expect(() => parseRoles(['viewer', name])).toThrow('There is no role');
});
