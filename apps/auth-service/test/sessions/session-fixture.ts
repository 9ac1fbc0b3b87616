import { randomBytes } from 'node:crypto';
import type { Revocation } from '@latchkey/auth-client';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { afterAll } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { revocationsKey } from '../../src/redis/key-names.ts';
import {
  createDataSets,
  type DataSetMemory,
  type DataSets,
  type KnownDataSet,
} from '../../src/revocation/log/data-sets.ts';
import { revocationFrom } from '../../src/revocation/log/revocation.ts';
import type { MacKeys } from '../../src/sessions/refresh-token.ts';
import type { NewSession } from '../../src/sessions/session-starts.ts';
import { createSessionStore } from '../../src/sessions/session-store.ts';

export const client = 'latchkey-cli';
export const lossSeconds = 60;

/**
 * By default it waits for Redis longer than a service does, so that it does not take a busy machine for a Redis that
 * is down.
 */
export function connect(url: string, commandTimeoutMs = 10_000): RedisClient {
  return connectRedis({ url, commandTimeoutMs, onError: () => {} });
}

/** Waits for Redis as long as a test may, so that a busy machine neither fails nor sends a command twice. */
export function connectPatiently(url: string): RedisClient {
  return connectRedis({ url, commandTimeoutMs: 60_000, silentLineMs: 60_000, onError: () => {} });
}

/** A Redis server for this file's tests and a connection to it. Both end with those tests. */
export async function openTestRedis() {
  const server = await startTestRedis();
  const redis = connect(server.url);
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  return { server, redis };
}

export function createMacKeys(): MacKeys {
  return [{ kid: 'k1', secret: randomBytes(32) }];
}

/** A clock that starts at the present and stands still until it is moved. */
export function createClock() {
  let now = Date.now();
  return {
    now: () => now,
    advance(ms: number): void {
      now += ms;
    },
  };
}

/** A memory of data sets that several stores can share, as they share a database. */
export function createMemory(): DataSetMemory {
  const kept = new Map<number, KnownDataSet>();
  return {
    readAll: async () => kept,
    async keepFirst(shard, id) {
      const known = kept.get(shard) ?? { id, isFirst: true };
      kept.set(shard, known);
      return known;
    },
    async replace(shard, id) {
      kept.set(shard, { id, isFirst: false });
    },
  };
}

export function createTestDataSets(options: {
  redis: RedisClient;
  clock: () => number;
  shards?: number;
  memory?: DataSetMemory;
}): DataSets {
  return createDataSets({
    shards: 1,
    retentionMs: 330_000,
    lossSeconds: lossSeconds,
    memory: createMemory(),
    log: { warn: () => {}, error: () => {} },
    ...options,
  });
}

export function createStore(options: {
  redis: RedisClient;
  clock: () => number;
  macKeys?: MacKeys;
  shards?: number;
  dataSets?: DataSets;
  sessionSeconds?: number;
}) {
  return createSessionStore({
    dataSets: createTestDataSets(options),
    macKeys: createMacKeys(),
    shards: 1,
    sessionSeconds: 3600,
    revocationSeconds: 330,
    ...options,
  });
}

export function newSession(overrides: Partial<NewSession> = {}): NewSession {
  return {
    subject: randomBytes(16).toString('base64url'),
    clientId: client,
    roles: ['customer'],
    rolesVersion: 0,
    deviceName: 'Firefox on Linux',
    address: '192.0.2.17',
    ...overrides,
  };
}

/** The revocations that a shard still holds. */
export async function revocationsIn(redis: RedisClient, shard = 0): Promise<Revocation[]> {
  const entries = await redis.xrange(revocationsKey(shard), '-', '+');
  return entries.map(([, fields]) => revocationFrom(fields, 0));
}
