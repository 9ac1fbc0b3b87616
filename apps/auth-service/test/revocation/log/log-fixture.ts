import type { Revocation } from '@latchkey/auth-client';
import type { Position } from '@latchkey/auth-client/feed';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import type { RedisClient } from '../../../src/redis/client.ts';
import {
  createRevocationLog,
  type RevocationBatch,
  type RevocationLog,
} from '../../../src/revocation/log/revocation-log.ts';
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

/**
 * Starts to follow a log and waits until it does: on a busy machine the first attempt may take too long.
 *
 * @param start what starts it. Default: the log's own
 */
export async function follow(log: RevocationLog, start = log.start): Promise<void> {
  await start();
  await until('the log follows', () => log.isFollowing);
}

/** Reads a page as the feed does, which waits while the log is not up to date. */
export async function readPage(log: RevocationLog, after: Position | 'oldest'): Promise<RevocationBatch> {
  const page = await eventually('the log is up to date', () => log.read(after));
  if (page === undefined) throw new Error('not resumable');
  return page;
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
