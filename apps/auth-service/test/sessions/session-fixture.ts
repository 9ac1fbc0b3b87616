import { randomBytes } from 'node:crypto';
import type { Revocation } from '@latchkey/auth-client';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../src/redis/connection.ts';
import { revocationsKey } from '../../src/redis/key-names.ts';
import { revocationFrom } from '../../src/revocation/log/revocation.ts';
import type { MacKeys } from '../../src/sessions/refresh-token.ts';
import { createSessionStore, type NewSession } from '../../src/sessions/session-store.ts';

export const CLIENT = 'latchkey-cli';

export function connect(url: string): Redis {
  return connectRedis({ url, onError: () => {} });
}

export function createMacKeys(): MacKeys {
  return [{ kid: 'k1', secret: randomBytes(32) }];
}

/** A clock that stands still until it is moved, starting at the present. */
export function createClock() {
  let now = Date.now();
  return {
    now: () => now,
    advance(ms: number): void {
      now += ms;
    },
  };
}

export function createStore(options: {
  redis: Redis;
  clock: () => number;
  macKeys?: MacKeys;
  shards?: number;
}) {
  return createSessionStore({
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
    clientId: CLIENT,
    roles: ['customer'],
    rolesVersion: 0,
    deviceName: 'Firefox on Linux',
    address: '192.0.2.17',
    ...overrides,
  };
}

/** What has been published in a shard and is there yet. */
export async function revocationsIn(redis: Redis, shard = 0): Promise<Revocation[]> {
  const entries = await redis.xrange(revocationsKey(shard), '-', '+');
  return entries.map(([, fields]) => revocationFrom(fields, 0));
}
