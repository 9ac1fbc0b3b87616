import { commonEnvironment, issuerAt } from '../services/environment.ts';
import { type DemoAccount, demoAccounts } from '../stack/accounts.ts';
import type { StorefrontPorts } from './storefront.ts';

/** The settings of the storefront in demo mode. */
export function storefrontEnvironment(ports: StorefrontPorts, controlSocket: string): NodeJS.ProcessEnv {
  const { auth, cart, wishlist, payment, storefront } = ports;
  return {
    ...commonEnvironment(storefront),
    ISSUER: issuerAt(auth),
    STOREFRONT_ORIGIN: `http://localhost:${storefront}`,
    AUTH_ORIGIN: `http://localhost:${auth}`,
    CART_ORIGIN: `http://localhost:${cart}`,
    WISHLIST_ORIGIN: `http://localhost:${wishlist}`,
    PAYMENT_ORIGIN: `http://localhost:${payment}`,
    AUTH_URL: `http://127.0.0.1:${auth}`,
    CART_URL: `http://127.0.0.1:${cart}`,
    WISHLIST_URL: `http://127.0.0.1:${wishlist}`,
    PAYMENT_URL: `http://127.0.0.1:${payment}`,
    DEMO: 'true',
    DEMO_ACCOUNTS: JSON.stringify(demoAccounts satisfies DemoAccount[]),
    CONTROL_SOCKET: controlSocket,
  };
}

/** auth-service's further settings in the demo: a new key may sign within seconds instead of a minute and a half. */
export const watchedKeys: NodeJS.ProcessEnv = { JWKS_MAX_AGE_SECONDS: '10', KEY_SKEW_SECONDS: '5' };
