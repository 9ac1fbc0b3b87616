import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from '@latchkey/dev-stack';
import { createTestDatabase, createTestService, startTestRedis } from '@latchkey/dev-stack/testing';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { checkOut, lastRelease } from './last-release.ts';

export type Version = 'older' | 'newer';
type Name = 'auth' | 'cart' | 'wishlist';
export type TwoVersions = Awaited<ReturnType<typeof createTwoVersions>>;

export const issuer = 'http://localhost:4000';

const repository = join(import.meta.dirname, '..', '..', '..');
const secret = () => randomBytes(32).toString('base64url');

/**
 * auth-service, cart-service and wishlist-service of the last release and of this version, on one Redis and on the same
 * databases. Nothing is started. They reach auth-service and cart-service at addresses that can lead to either version.
 */
export async function createTwoVersions() {
  const older = checkOut(lastRelease());
  const logs = mkdtempSync(join(tmpdir(), 'latchkey-versions-'));
  const [redis, toAuth, toCart, ...databases] = await Promise.all([
    startTestRedis(),
    startNetworkLink('http://127.0.0.1:1'),
    startNetworkLink('http://127.0.0.1:1'),
    createTestDatabase(),
    createTestDatabase(),
    createTestDatabase(),
  ]);
  const [authDatabase, cartDatabase, wishlistDatabase] = databases.map(({ url }) => url);
  const links = { auth: new URL(toAuth.url).origin, cart: new URL(toCart.url).origin };
  const versions = {
    older,
    newer: { root: repository, env: {} },
  };
  const create = (version: Version, name: Name, env: NodeJS.ProcessEnv): Promise<Service> => {
    const { root, env: own } = versions[version];
    const directory = join(root, 'apps', `${name}-service`);
    const called = name === 'wishlist' ? [] : [links[name]];
    return createTestService({
      directory,
      logs,
      env: (url) => ({
        ISSUER: issuer,
        INTERNAL_URLS: [url, ...called].join(),
        DATABASE_TIMEOUT_MS: '10000',
        ...env,
        ...own,
      }),
    });
  };
  const createShop = async (name: 'cart' | 'wishlist', env: NodeJS.ProcessEnv) => {
    const settings = {
      JWKS_URI: `${links.auth}/.well-known/jwks.json`,
      TOKEN_ENDPOINT: `${links.auth}/token`,
      REVOCATIONS_URI: `${links.auth}/revocations`,
      CART_URL: links.cart,
      CART_TIMEOUT_MS: '10000',
      ...env,
    };
    return { older: await create('older', name, settings), newer: await create('newer', name, settings) };
  };
  const cart = await createShop('cart', {
    DATABASE_URL: cartDatabase,
    RESOURCE_URL: 'http://localhost:4001',
  });
  const wishlist = await createShop('wishlist', {
    DATABASE_URL: wishlistDatabase,
    RESOURCE_URL: 'http://localhost:4002',
  });
  const ofAuth = {
    JWKS_URI: `${links.auth}/.well-known/jwks.json`,
    DATABASE_URL: authDatabase,
    REDIS_URL: redis.url,
    REDIS_TIMEOUT_MS: '10000',
    REFRESH_TOKEN_KEYS: `k1:${secret()}`,
    KEY_ENCRYPTION_KEY: secret(),
    // A key may sign two seconds after its publication.
    JWKS_MAX_AGE_SECONDS: '1',
    KEY_SKEW_SECONDS: '1',
    SERVICE_JWKS_URIS: [
      `cart-service=${cart.older.url}/.well-known/jwks.json`,
      `wishlist-service=${wishlist.older.url}/.well-known/jwks.json`,
    ].join(),
  };
  const createAuth = (version: Version) => create(version, 'auth', ofAuth);
  const auth = { older: await createAuth('older'), newer: await createAuth('newer') };
  const services = {
    older: { auth: auth.older, cart: cart.older, wishlist: wishlist.older },
    newer: { auth: auth.newer, cart: cart.newer, wishlist: wishlist.newer },
  };
  const all = Object.values(services).flatMap((named) => Object.values(named));
  return {
    ...services,
    /** Where the older sources are. */
    root: older.root,
    databases: { auth: authDatabase ?? '', cart: cartDatabase ?? '' },
    /** Another replica of the older auth-service. */
    createOlderAuth: () => createAuth('older'),
    /** Leads the services to these. Their open connections break. */
    async lead(to: { readonly auth?: Version; readonly cart?: Version }): Promise<void> {
      if (to.auth !== undefined) {
        await toAuth.cut();
        await toAuth.restore(auth[to.auth].url);
      }
      if (to.cart !== undefined) {
        await toCart.cut();
        await toCart.restore(cart[to.cart].url);
      }
    },
    async stop(): Promise<void> {
      await Promise.all(all.map((service) => service.stop()));
      await Promise.all([toAuth.close(), toCart.close(), redis.stop()]);
      await Promise.all(databases.map((database) => database.drop()));
      rmSync(logs, { recursive: true, force: true });
    },
  };
}
