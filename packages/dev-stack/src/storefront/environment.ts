import { serviceKeys, services } from '@latchkey/services';
import { type DemoAccount, demoAccounts } from '../services/demo-accounts.ts';
import { addressOf, commonEnvironment, originAt } from '../services/environment.ts';
import type { StorefrontPorts } from './storefront.ts';

/** The settings of the storefront in demo mode. */
export function storefrontEnvironment(ports: StorefrontPorts, controlSocket: string): NodeJS.ProcessEnv {
  const { auth, storefront, giftIdeas } = ports;
  const addresses = serviceKeys.flatMap((key) => [
    [`${key.toUpperCase()}_ORIGIN`, originAt(ports[key])],
    [services[key].urlVariable, addressOf(ports[key])],
  ]);
  return {
    ...commonEnvironment(storefront),
    ISSUER: originAt(auth),
    STOREFRONT_ORIGIN: originAt(storefront),
    ...Object.fromEntries(addresses),
    ...(giftIdeas !== undefined && { GIFT_IDEAS_ORIGIN: originAt(giftIdeas) }),
    DEMO: 'true',
    DEMO_ACCOUNTS: JSON.stringify(demoAccounts satisfies DemoAccount[]),
    CONTROL_SOCKET: controlSocket,
  };
}

/** auth-service's further settings in the demo: a new key may sign within seconds instead of a minute and a half. */
export const watchedKeys: NodeJS.ProcessEnv = { JWKS_MAX_AGE_SECONDS: '10', KEY_SKEW_SECONDS: '5' };
