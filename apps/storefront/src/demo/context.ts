import { refreshCookieName } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { Config } from '../config.ts';
import { type DemoAccount, parseDemoAccounts } from './accounts.ts';
import { type Administrator, createAdministrator } from './administrator.ts';
import { type AuthService, createAuthService } from './auth-service.ts';
import type { ShopServices } from './verdicts.ts';

/** What the demo's routes work with. */
export type DemoContext = {
  readonly accounts: readonly DemoAccount[];
  readonly auth: AuthService;
  readonly administrator: Administrator;
  readonly services: ShopServices;
  /** The page's. */
  readonly origin: string;
  /** Over HTTPS the browser would keep this one from us (docs/threat-model.md). */
  readonly refreshCookieName: string;
};

export function demoContext(config: Config): DemoContext {
  const accounts = parseDemoAccounts(config.DEMO_ACCOUNTS) ?? [];
  const auth = createAuthService(config.AUTH_URL ?? config.AUTH_ORIGIN);
  return {
    accounts,
    auth,
    administrator: createAdministrator(auth, accounts),
    services: {
      'cart-service': config.CART_URL ?? config.CART_ORIGIN,
      'wishlist-service': config.WISHLIST_URL ?? config.WISHLIST_ORIGIN,
      'payment-service': config.PAYMENT_URL ?? config.PAYMENT_ORIGIN,
    },
    origin: config.STOREFRONT_ORIGIN,
    refreshCookieName: refreshCookieName(config.ISSUER),
  };
}

export const tags = ['demo'];

/** An access token as the body of a request. */
export const tokenMember = { access_token: Type.String({ minLength: 1, maxLength: 16_384 }) };
export const withTokenSchema = Type.Object(tokenMember);
