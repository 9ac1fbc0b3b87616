import type { Revocation } from '@latchkey/auth-client';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import type { RedisClient } from '../../../src/redis/client.ts';
import { createRevocationLog, type RevocationBatch } from '../../../src/revocation/log/revocation-log.ts';
import { connect, connectPatiently } from '../../sessions/session-fixture.ts';

export type LogOptions = {
  url: string;
  shards?: number;
  clock?: () => number;
  /** Without the request timeout, for tests that publish thousands of entries on a slow machine. */
  isPatient?: boolean;
};

/** A log as one replica has it, with everything that its listeners are told. */
export function createLog({ isPatient = false, ...options }: LogOptions) {
  const redis = isPatient ? connectPatiently(options.url) : connect(options.url, 2_000);
  const errors: Error[] = [];
  const log = createRevocationLog({
    redis,
    redisUrl: options.url,
    shards: 1,
    revocationSeconds: 330,
    clock: Date.now,
    onError: (error) => errors.push(error),
    ...options,
  });
  const batches: RevocationBatch[] = [];
  let epochs = 0;
  log.onBatch((batch) => batches.push(batch));
  log.onNewEpoch(() => {
    epochs += 1;
  });
  return {
    log,
    redis,
    errors,
    batches,
    told: (): Revocation[] => batches.flatMap(({ revocations }) => revocations),
    epochs: () => epochs,
    async stop(): Promise<void> {
      await log.stop();
      redis.disconnect();
    },
  };
}

export type TestLog = ReturnType<typeof createLog>;

/** Logs on a separate Redis, which each test finds empty. */
export async function startLogs() {
  const server = await startTestRedis();
  const logs: TestLog[] = [];
  function open(options: Partial<LogOptions> = {}): TestLog {
    const log = createLog({ url: server.url, ...options });
    logs.push(log);
    return log;
  }
  return {
    open,
    async empty(): Promise<void> {
      const { redis, stop } = open();
      await redis.flushall();
      await stop();
    },
    async stopLogs(): Promise<void> {
      await Promise.all(logs.splice(0).map(({ stop }) => stop()));
    },
    stop: () => server.stop(),
  };
}

/** Waits until the condition holds. */
export function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  return eventually(what, async () => expect(await isSo()).toBe(true));
}

/** A revocation of a session that does not exist. */
export function someSession(number: number): { kind: 'session'; id: string; reason: string } {
  return { kind: 'session', id: `0-${String(number).padStart(22, 'x')}`, reason: 'sign_out' };
}

/** The numbers in a position: `0x1a-7` is [0x1a, 7]. */
export function sequenceOf(position: string | undefined): number {
  return Number(position?.split('-')[1]);
}

export function epochOf(position: string | undefined): string | undefined {
  return position?.split('-')[0];
}

/** The bytes that a key uses, every part counted. */
export async function bytesOf(redis: RedisClient, key: string): Promise<number> {
  return Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
}

/** Removes entries before this number, as the scripts do when entries are too old. */
export async function dropBefore(redis: RedisClient, number: number, shard = 0): Promise<void> {
  await redis
    .multi()
    .xtrim(`{${shard}}:revocations`, 'MINID', `${number}-0`)
    .hset(`{${shard}}:revocations:head`, 'oldest', number)
    .exec();
}

/** Deletes the stream, as Redis does when all its entries are too old. */
export async function dropAll(redis: RedisClient): Promise<void> {
  await redis.multi().del('{0}:revocations').hset('{0}:revocations:head', 'until', 0).exec();
}
