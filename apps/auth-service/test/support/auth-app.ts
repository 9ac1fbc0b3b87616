import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { createTestDatabase, startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { refreshCookieName, type Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { type AccountStore, createAccountStore } from '../../src/accounts/account-store.ts';
import { createPasswordHasher, type Derive } from '../../src/accounts/password-hash.ts';
import { buildApp } from '../../src/app.ts';
import { type AuthConfig, readConfig } from '../../src/config.ts';
import { type AuthDatabase, openAuthDatabase } from '../../src/database/open-auth-database.ts';
import { signingKeys } from '../../src/database/schema.ts';
import { parseKeyEncryptionKeys } from '../../src/keys/encryption.ts';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import type { DelegationPolicy } from '../../src/permissions/delegation-policy.ts';
import { defaultTimeoutMs } from '../../src/redis/client.ts';

export const storefrontOrigin = 'http://localhost:3000';
export const testIssuer = 'http://localhost:4000';
/** The name of its cookie. */
export const refreshCookie = refreshCookieName(testIssuer);
export const testPassword = 'a long enough passphrase';

/** Settings of a replica whose Redis will not answer: the default, so that its tests are fast. */
export const impatient = { REDIS_TIMEOUT_MS: String(defaultTimeoutMs) };

/** One key for the whole process, so that databases can reuse the first signing keys: two new ones take 0.13 s. */
const keyEncryptionKey = randomBytes(32).toString('base64url');

/** argon2id at its least cost, because tests sign in a thousand times. password-hash.test.ts tests the real cost. */
const derive: Derive = (password, { salt, hashBytes }) =>
  promisify(argon2)('argon2id', {
    message: password,
    nonce: salt,
    memory: 8,
    passes: 1,
    parallelism: 1,
    tagLength: hashBytes,
  });

export type AuthApp = {
  /** The first replica; after `pause` another one. */
  readonly app: Service;
  redis: TestRedis;
  databaseUrl: string;
  logs(): string;
  /**
   * Builds another replica on the same Redis and the same database. It stops with this one.
   *
   * @param changes settings of its own, such as `impatient`
   */
  startReplica(changes?: Record<string, string>): Promise<Service>;
  /** Stops all replicas, waits for the task, and starts one again on the same stores, with the same secrets. */
  pause(task: () => Promise<unknown>): Promise<void>;
  /** Copies the database while paused; see TestDatabase. */
  backUpDatabase(): Promise<() => Promise<void>>;
  /** The settings, as environment variables: for commands. */
  env: Record<string, string>;
  stop(): Promise<void>;
};

/** The whole auth-service, with its own Redis and database; it does not listen. */
export async function startAuthApp(
  options: {
    env?: Record<string, string>;
    clock?: () => number;
    logLevel?: string;
    delegationPolicy?: DelegationPolicy;
    /** Makes Redis keep its data over a restart. */
    durableRedis?: boolean;
  } = {},
): Promise<AuthApp> {
  const [database, redis] = await Promise.all([
    createTestDatabase({ filledBy: makeTablesAndKeys }),
    startTestRedis({ durable: options.durableRedis ?? false }),
  ]);
  const env = {
    PORT: '0',
    NODE_ENV: 'test',
    LOG_LEVEL: options.logLevel ?? 'debug',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    // Long timeouts, so that a busy machine does not look like a store that is down.
    DATABASE_TIMEOUT_MS: '10000',
    REDIS_TIMEOUT_MS: '10000',
    ISSUER: testIssuer,
    JWKS_URI: `${testIssuer}/.well-known/jwks.json`,
    CORS_ORIGINS: storefrontOrigin,
    TRUSTED_PROXIES: '127.0.0.1',
    REFRESH_TOKEN_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    KEY_ENCRYPTION_KEY: keyEncryptionKey,
    ...options.env,
  };
  const { clock: now = Date.now } = options;
  let logged = '';
  const replicas: Service[] = [];
  let isNew = true;
  const startReplica = async (changes: Record<string, string> = {}) => {
    const config = readConfig({ ...env, ...changes });
    const database = isNew ? await openAsNew(config, now) : await openAuthDatabase(config);
    isNew = false;
    const replica = await buildApp({
      config,
      database,
      derive,
      logDestination: {
        write(line: string) {
          logged += line;
        },
      },
      ...(options.clock && { clock: options.clock }),
      ...(options.delegationPolicy && { delegationPolicy: options.delegationPolicy }),
    });
    replicas.push(replica);
    accountStores.set(replica, createAccountStore({ db: database.db, clock: now }));
    await replica.ready();
    // On a busy machine its first attempt to read may take too long.
    await eventually('the replica follows the log of revocations', async () => {
      const following = await replica.metrics.getSingleMetric('latchkey_revocation_log_following')?.get();
      expect(following?.values).toMatchObject([{ value: 1 }]);
    });
    return replica;
  };
  const closeAll = () => Promise.all(replicas.splice(0).map((replica) => replica.close()));
  let app = await startReplica();
  return {
    get app() {
      return app;
    },
    redis,
    databaseUrl: database.url,
    backUpDatabase: () => database.backUp(),
    env,
    logs: () => logged,
    startReplica,
    async pause(task) {
      await closeAll();
      await task();
      app = await startReplica();
    },
    async stop() {
      await closeAll();
      await redis.stop();
      await database.drop();
    },
  };
}

async function makeTablesAndKeys(url: string): Promise<void> {
  const { db, close } = await openAuthDatabase({
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: 1,
    DATABASE_TIMEOUT_MS: 10_000,
  });
  const keyRing = createKeyRing({
    db,
    log: { info() {}, warn() {}, error() {} },
    audit: { record() {} },
    keyEncryptionKeys: parseKeyEncryptionKeys(keyEncryptionKey),
    publish: () => Promise.reject(new Error('New keys revoke nothing.')),
    clock: Date.now,
    jwksMaxAgeSeconds: 60,
    skewSeconds: 30,
    tokenSeconds: 300,
    rotationDays: 30,
  });
  await keyRing.start();
  await keyRing.stop();
  await close();
}

/** Opens a database with new signing keys. */
async function openAsNew(config: AuthConfig, clock: () => number): Promise<AuthDatabase> {
  const database = await openAuthDatabase(config);
  const now = new Date(clock());
  await database.db.update(signingKeys).set({
    publishedAt: now,
    activatedAt: sql`case when ${signingKeys.activatedAt} is not null then ${now.toISOString()}::timestamptz end`,
  });
  return database;
}

export type Tokens = {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  session_id: string;
  refresh_token: string;
};

const accountStores = new WeakMap<Service, AccountStore>();

const passwordHash = createPasswordHasher({ randomBytes, derive }).then(({ hash }) => hash(testPassword));

/** Creates a customer with a new name, as POST /accounts does. The password is hashed only once for all of them. */
export async function register(app: Service): Promise<string> {
  const username = `person-${randomBytes(4).toString('hex')}`;
  const id = randomBytes(16).toString('base64url');
  const account = { id, username, passwordHash: await passwordHash, roles: ['customer'] } as const;
  if (!(await accountStores.get(app)?.insert(account))) throw new Error('nobody was registered');
  return username;
}

/** Signs in through the command line's client. Each person has an address of their own. */
export async function signIn(
  app: Service,
  username: string,
  body: Record<string, unknown> = {},
): Promise<Tokens> {
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: testPassword, ...body },
    headers: from(username),
  });
  if (answer.statusCode !== 201) throw new Error(`signing in answered ${answer.statusCode}: ${answer.body}`);
  return answer.json();
}

export function refresh(app: Service, refreshToken: string, parameters: Record<string, string> = {}) {
  return postToken(app, {
    grant_type: 'refresh_token',
    client_id: 'latchkey-cli',
    refresh_token: refreshToken,
    ...parameters,
  });
}

/** Posts these parameters to /token as a form. */
export const postToken = (
  app: Service,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
) => postForm(app, { url: '/token', parameters, headers });

export function postForm(
  app: Service,
  of: { url: string; parameters: Record<string, string>; headers?: Record<string, string> },
) {
  return app.inject({
    method: 'POST',
    url: of.url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...of.headers },
    payload: new URLSearchParams(of.parameters).toString(),
  });
}

/** Whether a session can be refreshed. This uses up its refresh token. */
export async function lives(app: Service, session: Tokens): Promise<boolean> {
  return (await refresh(app, session.refresh_token)).statusCode === 200;
}

/** GET /account with this access token. */
export function whoAmI(app: Service, token: string) {
  return app.inject({ url: '/account', headers: bearer(token) });
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** An address (RFC 2544, 198.18.0.0/15) derived from the name, so that tests do not share a rate limit. */
export function from(name: string): Record<string, string> {
  const hash = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 65_536, 7);
  return { 'x-forwarded-for': `198.18.${hash >> 8}.${hash & 255}` };
}

export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header ?? ''), claims: JSON.parse(claims ?? '') };
}
