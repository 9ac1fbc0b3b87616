import { ProblemError, refreshCookieName } from '@latchkey/service-kit';
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
  /** Where browsers reach gift-ideas; undefined when it does not run here. */
  readonly giftIdeas: string | undefined;
  /** Where this server reaches an origin that is for browsers, by that origin. */
  readonly insideOf: ReadonlyMap<string, string>;
  /** The page's origin. */
  readonly origin: string;
  /** The cookie's name. Over HTTPS, the browser would not send this server the cookie (docs/threat-model.md). */
  readonly refreshCookieName: string;
};

export function demoContext(config: Config): DemoContext {
  const accounts = parseDemoAccounts(config.DEMO_ACCOUNTS) ?? [];
  const auth = createAuthService(config.AUTH_URL ?? config.ISSUER);
  const giftIdeas = config.GIFT_IDEAS_ORIGIN;
  return {
    accounts,
    auth,
    administrator: createAdministrator(auth, accounts),
    services: {
      'cart-service': config.CART_URL ?? config.CART_ORIGIN,
      'wishlist-service': config.WISHLIST_URL ?? config.WISHLIST_ORIGIN,
      'payment-service': config.PAYMENT_URL ?? config.PAYMENT_ORIGIN,
    },
    giftIdeas,
    insideOf: new Map([
      [config.AUTH_ORIGIN, config.AUTH_URL ?? config.AUTH_ORIGIN],
      ...(giftIdeas === undefined ? [] : [[giftIdeas, config.GIFT_IDEAS_URL ?? giftIdeas] as const]),
    ]),
    origin: config.STOREFRONT_ORIGIN,
    refreshCookieName: refreshCookieName(config.ISSUER),
  };
}

export const tags = ['demo'];

/** The member of a request's body that is an access token. */
export const tokenMember = { access_token: Type.String({ minLength: 1, maxLength: 16_384 }) };
export const withTokenSchema = Type.Object(tokenMember);

/** The member that names a person. */
export const usernameMember = { username: Type.String({ minLength: 1, maxLength: 256 }) };

/** @throws {ProblemError} 404 `no_demo_account` */
export function accountOf(accounts: readonly DemoAccount[], username: string): DemoAccount {
  const account = accounts.find((each) => each.username === username);
  if (account !== undefined) return account;
  const detail = 'No demo account has this name.';
  throw new ProblemError({ status: 404, code: 'no_demo_account', detail });
}
