import { createSigningKey, createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import type { Problem } from '@latchkey/service-kit';
import { type Call, callsTo } from '@latchkey/testing/service-contract';
import type { Static } from 'typebox';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { openWishlistDatabase } from '../src/database/open-wishlist-database.ts';
import type { itemSchema, wishlistSchema } from '../src/wishlist/schemas.ts';
import { createTestCarts } from './test-carts.ts';

export type WishlistBody = Static<typeof wishlistSchema>;
export type ItemBody = Static<typeof itemSchema>;

export type FixtureOptions = {
  /** Default: its own database, dropped at the end. */
  databaseUrl?: string;
  /** Default the test issuer's. */
  jwksUri?: string;
};

export type WishlistFixture = Awaited<ReturnType<typeof startWishlistService>>;

/** Shared by all issuers of this process, because making a key takes 0.07 s. */
const signingKey = createSigningKey();

/** A wishlist-service with a real database and a real issuer, reached by inject. */
export async function startWishlistService(options: FixtureOptions = {}) {
  const created =
    options.databaseUrl === undefined ? await createTestDatabase({ filledBy: migrate }) : undefined;
  const issuer: TestIssuer = await createTestIssuer({
    audience: 'wishlist-service',
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
    // No service listens there, because the tests' carts are in this process.
    CART_URL: 'http://127.0.0.1:1',
    TOKEN_ENDPOINT: 'http://127.0.0.1:1/token',
    REVOCATIONS_URI: issuer.revocations.uri,
  });
  const database = await openWishlistDatabase(config);
  let log = '';
  const carts = createTestCarts();
  const app = await buildApp({
    config,
    database,
    revocations: issuer.revocations,
    cartOf: (request) => carts.of(request.auth.subject),
    logDestination: { write: (line) => (log += line) },
  });
  await app.ready();
  // A test with its own key set URL may offer no keys, so the fixture does not wait for them.
  if (options.jwksUri === undefined) await app.authClient.ready();

  const tokenOf = (subject: string, scope = 'wishlist:read wishlist:write') =>
    issuer.mint({ subject, scope });

  const call = callsTo<Problem>(app, () => tokenOf('ada'));

  return {
    app,
    issuer,
    database,
    databaseUrl: config.DATABASE_URL,
    carts,
    log: () => log,
    tokenOf,
    /** A token whose holder may move items into the cart. */
    moverToken: (subject: string) => tokenOf(subject, 'wishlist:read wishlist:write cart:write'),
    call,
    add: (body: unknown, rest: Call = {}) =>
      call<ItemBody>('/wishlist/items', { method: 'POST', body, ...rest }),
    wishlist: async (token?: string) =>
      (await call<WishlistBody>('/wishlist', token === undefined ? {} : { token })).body,
    /** Every stored row, of all people. */
    async stored() {
      return (await database.pool.query('select * from wishlist_items order by subject, sku'))
        .rows as unknown[];
    },
    async close() {
      await app.close();
      await issuer.close();
      await created?.drop();
    },
  };
}

export const tea = { sku: 'tea', note: 'for the birthday' };
export const cup = { sku: 'cup' };

async function migrate(url: string): Promise<void> {
  await (
    await openWishlistDatabase({ DATABASE_URL: url, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 10_000 })
  ).close();
}
