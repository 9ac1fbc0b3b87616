import { randomBytes } from 'node:crypto';
import type { TestIssuer } from '@latchkey/auth-client/testing';

/** What auth-service gives a customer: the same claims, of the same lengths. */
export function mintCustomerTokens(issuer: TestIssuer, count: number): string[] {
  return Array.from({ length: count }, () =>
    issuer.mint({
      audience: ['auth-service', 'cart-service', 'wishlist-service', 'payment-service'],
      subject: randomBytes(16).toString('base64url'),
      sessionId: `0-${randomBytes(16).toString('base64url')}`,
      clientId: 'storefront',
      scope: 'cart:read cart:write wishlist:read wishlist:write payment:read payment:write',
      claims: { acr: 'urn:latchkey:acr:password' },
    }),
  );
}
