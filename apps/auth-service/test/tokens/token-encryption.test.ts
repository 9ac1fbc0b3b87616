import { expect, test } from 'vitest';
import type { TokenClaims } from '../../src/tokens/claims.ts';
import { noEncryption, recipientOf, withoutEncrypted } from '../../src/tokens/token-encryption.ts';

const encrypting = (...names: string[]) => ({
  ...noEncryption,
  wantedBy: (name: string) => names.includes(name),
});

const claims = (aud: readonly string[], scope?: string): TokenClaims => ({
  sub: 'somebody',
  client_id: 'gift-ideas',
  aud,
  ...(scope !== undefined && { scope }),
});

test.each<[string, string[], { aud: string[]; scope?: string }, { aud: string[]; scope?: string }]>([
  [
    'without such a service nothing changes',
    ['payment-service'],
    { aud: ['cart-service', 'auth-service'], scope: 'cart:read' },
    { aud: ['cart-service', 'auth-service'], scope: 'cart:read' },
  ],
  [
    'for such a service alone nothing changes',
    ['cart-service'],
    { aud: ['cart-service'], scope: 'cart:read' },
    { aud: ['cart-service'], scope: 'cart:read' },
  ],
  [
    'one of several is left out, with its scopes',
    ['payment-service'],
    { aud: ['cart-service', 'payment-service', 'auth-service'], scope: 'cart:read payment:read' },
    { aud: ['cart-service', 'auth-service'], scope: 'cart:read' },
  ],
  [
    'a scope stays that one of the others may pass on',
    ['cart-service'],
    { aud: ['cart-service', 'payment-service'], scope: 'cart:read cart:write payment:write' },
    { aud: ['payment-service'], scope: 'cart:read payment:write' },
  ],
  [
    'when all are left out, it is for the UserInfo endpoint, without any scope',
    ['cart-service', 'wishlist-service'],
    { aud: ['cart-service', 'wishlist-service'], scope: 'cart:read wishlist:read' },
    { aud: ['userinfo'] },
  ],
  [
    'what OpenID Connect asks for stays',
    ['cart-service', 'wishlist-service'],
    { aud: ['cart-service', 'wishlist-service', 'userinfo'], scope: 'openid profile cart:read' },
    { aud: ['userinfo'], scope: 'openid profile' },
  ],
])('%s', (_, encrypted, given, expected) => {
  expect(withoutEncrypted(claims(given.aud, given.scope), encrypting(...encrypted))).toEqual(
    claims(expected.aud, expected.scope),
  );
});

test.each<[string[], string | undefined]>([
  [['cart-service'], 'cart-service'],
  [['payment-service'], undefined],
  [['cart-service', 'payment-service'], undefined],
  [[], undefined],
])('a token for %j is encrypted to %s', (aud, recipient) => {
  expect(recipientOf(aud, encrypting('cart-service'))).toBe(recipient);
});
