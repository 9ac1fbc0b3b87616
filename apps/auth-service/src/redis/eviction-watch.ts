import type { FastifyBaseLogger } from 'fastify';
import type { Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import { mastersOf } from './cluster.ts';

const lookEveryMs = 30_000;

export type EvictionWatchOptions = {
  readonly redis: RedisClient;
  /** `refuse`: start() rejects. */
  readonly mode: 'warn' | 'refuse';
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  readonly everyMs?: number;
};

export type EvictionWatch = {
  /**
   * Checks for the first time. Rejects when Redis may evict and `mode` is `refuse`, but not when it does not answer.
   */
  start(): Promise<void>;
  stop(): void;
  /** Whether Redis would evict our keys to free memory; undefined while that is unknown. */
  readonly mayEvict: boolean | undefined;
};

/**
 * Watches the eviction policy of Redis, in a cluster of every master, which must be `noeviction`: nobody notices evicted
 * sessions, revocations or used assertions until they do harm. Checks at the start, on each reconnect, and every
 * 30 s, with INFO, because managed services often forbid CONFIG. Logs the policy when it changes.
 *
 * @example
 * const watch = createEvictionWatch({ redis, mode: 'warn', log: app.log });
 * await watch.start();
 */
export function createEvictionWatch(options: EvictionWatchOptions): EvictionWatch {
  const { redis, log } = options;
  let policy: string | undefined;
  let hasLooked = false;
  const evicted = new WeakMap<Redis, number>();
  let timer: NodeJS.Timeout | undefined;
  const lookAgain = () => void look().catch(() => {});

  return {
    async start() {
      // If Redis does not answer now, it is checked once it does.
      await look().catch(() => {});
      for (const event of ['ready', '+node']) redis.on(event, lookAgain);
      timer = setInterval(lookAgain, options.everyMs ?? lookEveryMs);
      timer.unref();
      if (options.mode === 'refuse' && mayEvict() === true) throw new Error(refusal());
    },
    stop() {
      for (const event of ['ready', '+node']) redis.off(event, lookAgain);
      clearInterval(timer);
    },
    get mayEvict() {
      return mayEvict();
    },
  };

  function mayEvict(): boolean | undefined {
    return policy === undefined ? undefined : policy !== 'noeviction';
  }

  async function look(): Promise<void> {
    const policies = await Promise.all((await mastersOf(redis)).map(lookAt));
    const evicting = policies.find((each) => each !== undefined && each !== 'noeviction');
    const found = evicting ?? (policies.includes(undefined) ? undefined : 'noeviction');
    if (found !== policy || !hasLooked) tell(found);
    policy = found;
    hasLooked = true;
  }

  /** The eviction policy of one server; undefined if it does not say. */
  async function lookAt(server: Redis): Promise<string | undefined> {
    const info = await server.info('memory', 'stats').catch(nothingIfForbidden);
    const count = Number(/^evicted_keys:(\d+)/m.exec(info)?.[1] ?? 0);
    if (count > (evicted.get(server) ?? 0))
      log.error({ evicted_keys: count }, 'Redis has evicted keys: sessions or other data are lost');
    evicted.set(server, count);
    return /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1];
  }

  function tell(found: string | undefined): void {
    if (found === 'noeviction') {
      if (hasLooked) log.info({ maxmemory_policy: found }, 'Redis no longer evicts keys');
    } else if (found === undefined) {
      log.warn(
        'the eviction policy of Redis is unknown: make sure that maxmemory-policy is noeviction (docs/redis.md)',
      );
    } else log.error({ maxmemory_policy: found }, `${reason} (docs/redis.md)`);
  }

  function refusal(): string {
    return `${reason}, and REDIS_EVICTION=refuse forbids it: its maxmemory-policy is ${policy}.`;
  }
}

/** A Redis user without the right to run INFO does not make Redis unreachable. */
function nothingIfForbidden(error: Error): string {
  if (/^(NOPERM|ERR)\b/.test(error.message)) return '';
  throw error;
}

const reason =
  'Redis may evict sessions, revocations and used assertions: set maxmemory-policy to noeviction';
