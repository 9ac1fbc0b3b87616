import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
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
 * databases. Nothing is started. The older shops reach auth-service, and the older wishlist-service reaches
 * cart-service, at addresses that can lead to either version; the newer services know the newer ones alone.
 */
export async function createTwoVersions() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-release-')));
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
    older: { root: folder, env: checkOut(lastRelease(), folder) },
    newer: { root: repository, env: {} },
  };
  const create = (version: Version, name: Name, env: NodeJS.ProcessEnv): Promise<Service> => {
    const { root, env: own } = versions[version];
    const directory = join(root, 'apps', `${name}-service`);
    const called = name === 'wishlist' ? [] : [links[name]];
    return createTestService({
      directory,
      logs: folder,
      env: (url) => ({
        ISSUER: issuer,
        INTERNAL_URLS: [url, ...called].join(),
        DATABASE_TIMEOUT_MS: '10000',
        ...env,
        ...own,
      }),
    });
  };
  const createShop = (version: Version, name: 'cart' | 'wishlist', env: NodeJS.ProcessEnv, auth: string) =>
    create(version, name, {
      JWKS_URI: `${auth}/.well-known/jwks.json`,
      TOKEN_ENDPOINT: `${auth}/token`,
      REVOCATIONS_URI: `${auth}/revocations`,
      CART_TIMEOUT_MS: '10000',
      ...env,
    });

  const ofCart = { DATABASE_URL: cartDatabase, RESOURCE_URL: 'http://localhost:4001' };
  const ofWishlist = { DATABASE_URL: wishlistDatabase, RESOURCE_URL: 'http://localhost:4002' };
  const olderCart = await createShop('older', 'cart', ofCart, links.auth);
  const olderWishlist = await createShop(
    'older',
    'wishlist',
    { ...ofWishlist, CART_URL: links.cart },
    links.auth,
  );
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
      `cart-service=${olderCart.url}/.well-known/jwks.json`,
      `wishlist-service=${olderWishlist.url}/.well-known/jwks.json`,
    ].join(),
  };
  const createAuth = (version: Version) => create(version, 'auth', ofAuth);
  const [olderAuth, newerAuth] = [await createAuth('older'), await createAuth('newer')];
  const newerCart = await createShop('newer', 'cart', ofCart, newerAuth.url);
  const newerWishlist = await createShop(
    'newer',
    'wishlist',
    { ...ofWishlist, CART_URL: newerCart.url },
    newerAuth.url,
  );
  const services = {
    older: { auth: olderAuth, cart: olderCart, wishlist: olderWishlist },
    newer: { auth: newerAuth, cart: newerCart, wishlist: newerWishlist },
  };
  const all = Object.values(services).flatMap((named) => Object.values(named));
  return {
    ...services,
    /** Where the older sources are. */
    folder,
    databases: { auth: authDatabase ?? '', cart: cartDatabase ?? '' },
    /** Another replica of the older auth-service. */
    createOlderAuth: () => createAuth('older'),
    /** Leads the older services to these. Their open connections break. */
    async lead({ auth, cart }: { readonly auth?: Version; readonly cart?: Version }): Promise<void> {
      if (auth !== undefined) await toAuth.cut().then(() => toAuth.restore(services[auth].auth.url));
      if (cart !== undefined) await toCart.cut().then(() => toCart.restore(services[cart].cart.url));
    },
    async stop(): Promise<void> {
      await Promise.all(all.map((service) => service.stop()));
      await Promise.all([toAuth.close(), toCart.close(), redis.stop()]);
      await Promise.all(databases.map((database) => database.drop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
