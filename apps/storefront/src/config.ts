import { ConfigError, httpConfig, issuerUrl, loadConfig, originUrl } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { parseDemoAccounts } from './demo/accounts.ts';
import type { PageConfig } from './page-config.ts';

const origin = (of: string) => originUrl(`the origin at which browsers reach ${of}`);
const hereabouts = (of: string, name: string) =>
  Type.Optional(originUrl(`where the demo reaches ${of}; default ${name}`));

export const configSchema = Type.Object({
  ...httpConfig,
  ISSUER: issuerUrl('the http(s) URL that tokens name as their issuer, without a slash at its end'),
  STOREFRONT_ORIGIN: origin('this page'),
  AUTH_ORIGIN: origin('auth-service: that of ISSUER'),
  CART_ORIGIN: origin('cart-service'),
  WISHLIST_ORIGIN: origin('wishlist-service'),
  PAYMENT_ORIGIN: origin('payment-service'),
  GIFT_IDEAS_ORIGIN: Type.Optional(
    originUrl('the origin at which browsers reach gift-ideas; without it, the demo leaves it out'),
  ),
  STEP_UP_AMOUNT: Type.Integer({
    minimum: 0,
    maximum: 100_000_000_000,
    default: 50_000,
    description: 'minor units, equal to payment-service’s setting: the page shows it before a payment',
  }),
  STEP_UP_MAX_AGE_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    default: 300,
    description: 'seconds, equal to payment-service’s setting: the page shows it before a payment',
  }),
  SIGN_IN: Type.Optional(
    Type.Union([Type.Literal('code'), Type.Literal('password')], {
      description:
        'code or password: people sign in at auth-service’s page, or with the form of this one; default code, with DEMO password',
    }),
  ),
  DEMO: Type.Boolean({
    default: false,
    description:
      'true or false: adds routes that play attacker and administrator; never for a system in real use',
  }),
  DEMO_ACCOUNTS: Type.String({
    default: '[]',
    description: 'JSON: a list of {"username", "password", "roles"}',
  }),
  CONTROL_SOCKET: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'the path of the socket by which the demo stops and starts parts of the system',
    }),
  ),
  AUTH_URL: hereabouts('auth-service', 'ISSUER'),
  CART_URL: hereabouts('cart-service', 'CART_ORIGIN'),
  WISHLIST_URL: hereabouts('wishlist-service', 'WISHLIST_ORIGIN'),
  PAYMENT_URL: hereabouts('payment-service', 'PAYMENT_ORIGIN'),
  GIFT_IDEAS_URL: hereabouts('gift-ideas', 'GIFT_IDEAS_ORIGIN'),
});

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings of the storefront.
 *
 * @throws {ConfigError} naming every faulty setting at once; also when demo mode is set in production, and when
 * AUTH_ORIGIN is not the origin of ISSUER
 * @example const config = readConfig(process.env);
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const config = loadConfig(configSchema, env);
  const faults: string[] = [];
  if (config.DEMO && config.NODE_ENV === 'production') {
    faults.push(
      'DEMO is on and NODE_ENV is production: the demo plays attacker and administrator without asking who calls. ' +
        'Leave DEMO out, or set NODE_ENV=development on a machine of your own',
    );
  }
  if (config.DEMO && parseDemoAccounts(config.DEMO_ACCOUNTS) === undefined)
    faults.push('DEMO_ACCOUNTS is not valid (expected: JSON, a list of {"username", "password", "roles"})');
  if (config.AUTH_ORIGIN !== new URL(config.ISSUER).origin)
    faults.push('AUTH_ORIGIN is not valid: it is not the origin of ISSUER');
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The page's part of the server's settings. All of it is public. */
export function pageConfigOf(config: Config): PageConfig {
  return {
    origin: config.STOREFRONT_ORIGIN,
    issuer: config.ISSUER,
    client_id: 'storefront',
    services: {
      auth: config.ISSUER,
      cart: config.CART_ORIGIN,
      wishlist: config.WISHLIST_ORIGIN,
      payment: config.PAYMENT_ORIGIN,
    },
    step_up: { amount: config.STEP_UP_AMOUNT, max_age_seconds: config.STEP_UP_MAX_AGE_SECONDS },
    sign_in: config.SIGN_IN ?? (config.DEMO ? 'password' : 'code'),
    demo: config.DEMO,
  };
}
