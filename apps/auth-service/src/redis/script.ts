import { readFileSync } from 'node:fs';
import { type Redis, ReplyError } from 'ioredis';
import { batchWrites } from './batch-writes.ts';
import { ConnectionReplacedError, defaultTimeoutMs } from './connection.ts';
import { knownRedisTime, learnRedisTime, redisTimeOf } from './redis-clock.ts';

/** Time for the reply to come back: Redis must begin a script this long before the caller's timeout, or never. */
const replyMs = 100;
const maxAttempts = 3;

const refuseLate = new URL('./scripts/refuse-late.lua', import.meta.url);

/** Runs one atomic script with keys and arguments, and resolves to its reply. */
export type Script<Reply> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/**
 * Loads a Lua script together with the files that it depends on, which come first.
 *
 * A call that is not answered within the connection's timeout (800 ms) fails, and has no later effect: Redis begins the
 * script 100 ms before that or not at all (docs/decisions/0047). The outcome is unknown only when the reply is lost or takes longer than the
 * difference. Each script must still be safe to run twice, because it is sent again when the connection breaks.
 *
 * The script is sent with EVALSHA, and once with EVAL when Redis does not know it, for example after a restart.
 *
 * @example
 * const refresh = loadScript<[string, number]>('refreshSession', [new URL('./scripts/refresh.lua', import.meta.url)]);
 * const [verdict] = await refresh(redis, [key], [generation]);
 */
export function loadScript<Reply>(name: string, files: readonly URL[]): Script<Reply> {
  const lua = [refuseLate, ...files].map((file) => readFileSync(file, 'utf8')).join('\n');
  const defined = new WeakSet<Redis>();

  return async (redis, keys, args) => {
    const giveUpAt = performance.now() + (redis.options.commandTimeout ?? defaultTimeoutMs);
    const ask = (deadline: number) => send(redis, [keys.length, ...keys, ...args, Math.floor(deadline)]);
    const deadline = knownRedisTime(redis, giveUpAt - replyMs);
    if (deadline !== undefined) {
      try {
        // ioredis applies the same timeout itself.
        return await ask(deadline);
      } catch (error) {
        if (!mayBeAskedAgain(redis, error)) throw error;
      }
    }
    return until(giveUpAt, () => askBy(giveUpAt - replyMs, redis, ask));
  };

  function send(redis: Redis, args: (string | number)[]): Promise<Reply> {
    if (!defined.has(redis)) {
      redis.defineCommand(name, { lua });
      defined.add(redis);
    }
    const command = (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<Reply>>)[
      name
    ];
    if (command === undefined) throw new Error(`Redis command ${name} was not defined`);
    batchWrites(redis);
    return command.apply(redis, args);
  }
}

/**
 * Runs the script with a deadline by Redis' clock, measured if needed. Retries in time when the clock was misjudged.
 */
async function askBy<Reply>(
  beginBy: number,
  redis: Redis,
  ask: (deadline: number) => Promise<Reply>,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(await redisTimeOf(redis, beginBy));
    } catch (error) {
      const hasTime = performance.now() < beginBy && attempt < maxAttempts;
      if (!hasTime || !mayBeAskedAgain(redis, error)) throw error;
    }
  }
}

/** Whether the script refused to begin (its error contains Redis' time), or the connection was replaced meanwhile. */
function mayBeAskedAgain(redis: Redis, error: unknown): boolean {
  const [, redisTimeMs] =
    (error instanceof ReplyError && /^LATE ([\d.]+)/.exec((error as Error).message)) || [];
  if (redisTimeMs !== undefined) learnRedisTime(redis, Number(redisTimeMs));
  return redisTimeMs !== undefined || error instanceof ConnectionReplacedError;
}

async function until<T>(giveUpAt: number, work: () => Promise<T>): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error('Redis did not answer in time.'));
  const timer = setTimeout(giveUp, giveUpAt - performance.now());
  try {
    return await Promise.race([work(), givenUp]);
  } finally {
    clearTimeout(timer);
  }
}
