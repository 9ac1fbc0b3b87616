import { refreshCookieName } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { Config } from '../config.ts';
import { type DemoAccount, parseDemoAccounts } from './accounts.ts';
import { type Administrator, createAdministrator } from './administrator.ts';
import { type AuthService, createAuthService } from './auth-service.ts';
import type { ShopServices } from './verdicts.ts';

/** The dependencies of the demo's routes. */
export type DemoContext = {
  readonly accounts: readonly DemoAccount[];
  readonly auth: AuthService;
  readonly administrator: Administrator;
  readonly services: ShopServices;
  /** The page's origin. */
  readonly origin: string;
  /** The cookie's name. Over HTTPS, the browser would not send this server the cookie (docs/threat-model.md). */
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

/** The member of a request's body that is an access token. */
export const tokenMember = { access_token: Type.String({ minLength: 1, maxLength: 16_384 }) };
export const withTokenSchema = Type.Object(tokenMember);
