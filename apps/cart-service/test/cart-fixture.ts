import { createSigningKey, createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import type { Problem } from '@latchkey/service-kit';
import { type Call, callsTo } from '@latchkey/testing/service-contract';
import type { Static } from 'typebox';
import { buildApp } from '../src/app.ts';
import type { cartSchema, lineSchema } from '../src/cart/schemas.ts';
import type { checkoutSchema } from '../src/checkouts/schemas.ts';
import { readConfig } from '../src/config.ts';
import { openCartDatabase } from '../src/database/open-cart-database.ts';

export type CartBody = Static<typeof cartSchema>;
export type LineBody = Static<typeof lineSchema>;

export type FixtureOptions = {
  /** Default: its own database, dropped at the end. */
  databaseUrl?: string;
  /** Default the test issuer's. */
  jwksUri?: string;
};

export type CartFixture = Awaited<ReturnType<typeof startCartService>>;

/** Shared by all issuers of this process, because making a key takes 0.07 s. */
const signingKey = createSigningKey();

/** A cart-service with a real database and a real issuer, reached by inject. */
export async function startCartService(options: FixtureOptions = {}) {
  const created =
    options.databaseUrl === undefined ? await createTestDatabase({ filledBy: migrate }) : undefined;
  const issuer: TestIssuer = await createTestIssuer({
    audience: 'cart-service',
    signingKey: await signingKey,
  });
  const config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'trace',
    DATABASE_URL: options.databaseUrl ?? created?.url,
    // Long timeouts, so that a busy machine does not look like a Postgres that is down.
    DATABASE_TIMEOUT_MS: '10000',
    ISSUER: issuer.issuer,
    JWKS_URI: options.jwksUri ?? issuer.jwksUri,
    TOKEN_ENDPOINT: issuer.tokenEndpoint,
    REVOCATIONS_URI: issuer.revocations.uri,
  });
  const database = await openCartDatabase(config);
  let log = '';
  const app = await buildApp({
    config,
    database,
    revocations: issuer.revocations,
    logDestination: { write: (line) => (log += line) },
  });
  await app.ready();
  // A test with its own key set URL may offer no keys, so the fixture does not wait for them.
  if (options.jwksUri === undefined) await app.authClient.ready();

  const tokenOf = (subject: string, scope = 'cart:read cart:write') => issuer.mint({ subject, scope });

  /** A token that payment-service exchanged for a person's. */
  const checkoutTokenOf = (subject: string, act: unknown = { sub: 'payment-service' }) =>
    issuer.mint({ subject, scope: 'cart:read cart:checkout', claims: { act } });

  const call = callsTo<Problem>(app, () => tokenOf('ada'));

  return {
    app,
    issuer,
    database,
    databaseUrl: config.DATABASE_URL,
    log: () => log,
    tokenOf,
    checkoutTokenOf,
    call,
    add: (body: unknown, rest: Call = {}) => call<LineBody>('/cart/items', { method: 'POST', body, ...rest }),
    cart: async (token?: string) =>
      (await call<CartBody>('/cart', token === undefined ? {} : { token })).body,
    /** Every stored row, of all people. */
    async stored() {
      return (await database.pool.query('select * from cart_lines order by subject, sku')).rows as unknown[];
    },
    async close() {
      await app.close();
      await issuer.close();
      await created?.drop();
    },
  };
}

/** A claim with a payment's id. */
export type CheckoutBody = Static<typeof checkoutSchema>;

export const tea = { sku: 'tea', quantity: 2, unit_price: { amount: 450, currency: 'EUR' } };
export const cup = { sku: 'cup', quantity: 1, unit_price: { amount: 1200, currency: 'EUR' } };

async function migrate(url: string): Promise<void> {
  await (
    await openCartDatabase({ DATABASE_URL: url, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 10_000 })
  ).close();
}
