import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceIdentity, type IdentityStore, type ServiceIdentity } from '@latchkey/auth-client';
import { createJwtVerifier } from '@latchkey/auth-client/jwt';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  addServiceClientMetrics,
  createIdentityStore,
  jwksRoute,
  serviceKeys,
} from '../../src/identity/index.ts';
import { type Database, openDatabase } from '../../src/index.ts';
import { startNetworkLink } from '../../src/testing/index.ts';
import { serviceUnderTest } from '../service-under-test.ts';

const schema = { serviceKeys };
const issuer = 'https://issuer.example';
const migration =
  'create table service_keys (kid text primary key, jwk jsonb not null, expires_at timestamp (3) with time zone not null);';

let migrationsFolder: string;
let test: TestDatabase;
let database: Database<typeof schema>;
let store: IdentityStore;
const identities: ServiceIdentity[] = [];
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  migrationsFolder = await mkdtemp(join(tmpdir(), 'identity-migrations-'));
  await mkdir(join(migrationsFolder, 'meta'));
  await writeFile(join(migrationsFolder, '0000_keys.sql'), migration);
  const entries = [{ idx: 0, version: '7', when: 1, tag: '0000_keys', breakpoints: true }];
  await writeFile(
    join(migrationsFolder, 'meta', '_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
});

afterAll(() => rm(migrationsFolder, { recursive: true }));

beforeEach(async () => {
  test = await createTestDatabase();
  database = await open(test.url);
  store = createIdentityStore(database.db);
});

afterEach(async () => {
  vi.useRealTimers();
  for (const identity of identities.splice(0)) identity.close();
  for (const close of closing.splice(0).reverse()) await close();
  await test.drop();
});

async function open(url: string): Promise<Database<typeof schema>> {
  const opened = await openDatabase({
    config: { DATABASE_URL: url, DATABASE_POOL_SIZE: 2, DATABASE_TIMEOUT_MS: 10_000 },
    schema,
    migrationsFolder,
    applicationName: 'test',
  });
  closing.push(() => opened.close());
  return opened;
}

/** A replica of payment-service whose clock is this far ahead of the machine's. */
async function replica(aheadMs = 0): Promise<ServiceIdentity> {
  const clock = { wallMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() };
  const identity = createServiceIdentity({ clientId: 'payment-service', store, clock });
  identities.push(identity);
  await identity.ready();
  return identity;
}

async function listen({ clock = Date.now, of = store } = {}): Promise<string> {
  const { app } = await serviceUnderTest();
  closing.push(() => app.close());
  const publicKeys = async () => (await of.list(clock())).map(({ jwk }) => jwk);
  await app.register(jwksRoute, { identity: { publicKeys } });
  return `${await app.listen({ port: 0, host: '127.0.0.1' })}/.well-known/jwks.json`;
}

async function publishedAt(jwksUri: string): Promise<string[]> {
  const { keys } = (await (await fetch(jwksUri)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

describe('replicas of one service', () => {
  it('publish each other’s keys, so that every key set proves each of them', async () => {
    const replicas = await Promise.all([replica(), replica(), replica()]);
    const uris = await Promise.all([listen(), listen(), listen()]);
    const [first = []] = await Promise.all(uris.map(publishedAt));
    expect(first).toHaveLength(3);
    for (const jwksUri of uris) {
      expect(new Set(await publishedAt(jwksUri))).toEqual(new Set(first));
      const verifier = createJwtVerifier({
        jwksUri,
        issuer: 'payment-service',
        audience: issuer,
        typ: ['client-authentication+jwt'],
        maxLifetimeSeconds: 60,
      });
      for (const one of replicas)
        await expect(verifier.verify(await one.assertion(issuer))).resolves.toMatchObject({
          iss: 'payment-service',
          sub: 'payment-service',
        });
      verifier.close();
    }
  });

  it('are forgotten when they are dead: the key disappears when it expires', async () => {
    const dead = await replica(-301_000);
    dead.close();
    await replica();
    const jwksUri = await listen();
    expect(await publishedAt(jwksUri)).toHaveLength(2);
    expect(await publishedAt(await listen({ clock: () => Date.now() + 300_000 }))).toHaveLength(1);
    expect(await publishedAt(await listen({ clock: () => Date.now() + 601_000 }))).toEqual([]);
  });
});

describe('the store', () => {
  /** Longer than this machine stands still. */
  const halfAnHourMs = 1_800_000;
  const jwk = { kty: 'RSA', n: 'AQ', e: 'AQAB', kid: 'k', use: 'sig', alg: 'RS256' };

  it('keeps a key longer when it is put again, without changing it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    await store.put({ kid: 'k', jwk, expiresAt: 2_000_000_000_000 });
    const [first] = await store.list(Date.now());
    await store.put({ kid: 'k', jwk: { ...jwk, n: 'Aw' }, expiresAt: 2_003_600_000_000 });
    const [again] = await store.list(2_000_000_000_000 + halfAnHourMs);
    expect(again).toEqual({ kid: 'k', jwk, expiresAt: expect.any(Number) });
    expect(again?.expiresAt).toBeGreaterThanOrEqual((first?.expiresAt ?? Infinity) + 3_600_000_000);
    expect(await store.list(2_003_600_000_000 + halfAnHourMs)).toEqual([]);
  });

  it('goes by Postgres’ clock: a replica whose own is two hours ahead takes no other’s key away', async () => {
    await store.put({ kid: 'right', jwk, expiresAt: Date.now() + 600_000 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    await store.put({ kid: 'ahead', jwk, expiresAt: Date.now() + 600_000 });
    const both = ['ahead', 'right'];
    const kids = async () => (await store.list(Date.now())).map(({ kid }) => kid).sort();
    expect(await kids()).toEqual(both);
    vi.useRealTimers();
    expect(await kids()).toEqual(both);
    expect(await store.list(Date.now() + halfAnHourMs)).toEqual([]);
  });

  it('lists those that live longest first, and no more than a key set may have', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    for (let n = 0; n < 64; n += 1)
      await store.put({ kid: `k${n}`, jwk, expiresAt: 2_000_000_000_000 + n * 1000 });
    const kids = (await store.list(Date.now())).map(({ kid }) => kid);
    expect([kids.length, kids[0], kids.at(-1)]).toEqual([60, 'k63', 'k4']);
  });

  it('throws away keys that expired long ago', async () => {
    await store.put({ kid: 'old', jwk, expiresAt: Date.now() - 3_700_000 });
    await store.put({ kid: 'lately', jwk, expiresAt: Date.now() - 3_500_000 });
    await store.put({ kid: 'new', jwk, expiresAt: Date.now() + 600_000 });
    const rows = await database.db.select().from(serviceKeys);
    expect(rows.map(({ kid }) => kid).sort()).toEqual(['lately', 'new']);
  });
});

describe('GET /.well-known/jwks.json', () => {
  it('may be kept for five seconds', async () => {
    const response = await fetch(await listen());
    expect(response.headers.get('cache-control')).toBe('public, max-age=5');
    expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(await response.json()).toEqual({ keys: [] });
  });

  it('is 503 without the database, not a shorter list', async () => {
    const link = await startNetworkLink(test.url);
    closing.push(() => link.close());
    const behind = await open(link.url);
    const jwksUri = await listen({ of: createIdentityStore(behind.db) });
    expect((await fetch(jwksUri)).status).toBe(200);
    await link.cut();
    const response = await fetch(jwksUri);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'database_unavailable' });
  });
});

describe('metrics of the service client', () => {
  it('are its counters, at the time when they are read', async () => {
    const { app } = await serviceUnderTest();
    closing.push(() => app.close());
    const counts = {
      audience: 'cart-service',
      exchanges: 0,
      failedExchanges: 0,
      kept: 0,
      requests: 0,
      failures: 0,
    };
    addServiceClientMetrics(app.metrics, [counts]);
    expect((await app.inject('/metrics')).body).toContain(
      'service_client_kept_total{audience="cart-service"} 0',
    );
    Object.assign(counts, { exchanges: 2, kept: 40 });
    const { body } = await app.inject('/metrics');
    expect(body).toContain('service_client_exchanges_total{audience="cart-service"} 2');
    expect(body).toContain('service_client_kept_total{audience="cart-service"} 40');
  });
});
