import { readFileSync } from 'node:fs';
import { type Redis, ReplyError } from 'ioredis';
import { batchWrites } from './batch-writes.ts';
import { COMMAND_TIMEOUT_MS, ConnectionReplacedError } from './connection.ts';
import { knownRedisTime, learnRedisTime, redisTimeOf } from './redis-clock.ts';

/** What a reply may need to come back: Redis begins a script by so much before whoever asked gives it up, or never. */
const REPLY_MS = 100;
const MOST_ATTEMPTS = 3;

const refuseLate = new URL('./scripts/refuse-late.lua', import.meta.url);

/** One atomic step: keys and arguments in, the script's reply out. */
export type Script<Reply> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/**
 * Loads a Lua script, with the files that it builds on in front of it.
 *
 * What is not answered within 800 ms is given up, and has no effect any more: Redis begins it within 700 ms, or not at
 * all (docs/decisions/0047). Only a reply that is lost, or takes longer than the difference, leaves open what became of
 * it. Safe to run twice is what each script must be all the same: when the connection breaks it is asked once more.
 *
 * The script is sent by EVALSHA, and by EVAL once when Redis does not know it (after a restart, say).
 *
 * @example
 * const refresh = loadScript<[string, number]>('refreshSession', [new URL('./scripts/refresh.lua', import.meta.url)]);
 * const [verdict] = await refresh(redis, [key], [generation]);
 */
export function loadScript<Reply>(name: string, files: readonly URL[]): Script<Reply> {
  const lua = [refuseLate, ...files].map((file) => readFileSync(file, 'utf8')).join('\n');
  const defined = new WeakSet<Redis>();

  return async (redis, keys, args) => {
    const giveUpAt = performance.now() + (redis.options.commandTimeout ?? COMMAND_TIMEOUT_MS);
    const ask = (deadline: number) => send(redis, [keys.length, ...keys, ...args, Math.floor(deadline)]);
    const deadline = knownRedisTime(redis, giveUpAt - REPLY_MS);
    if (deadline !== undefined) {
      try {
        // ioredis' own time limit is the same.
        return await ask(deadline);
      } catch (error) {
        if (!mayBeAskedAgain(redis, error)) throw error;
      }
    }
    return until(giveUpAt, () => askBy(giveUpAt - REPLY_MS, redis, ask));
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

/** Asks with a deadline by Redis' clock, which is measured if need be; again when it was misjudged, within the time. */
async function askBy<Reply>(
  beginBy: number,
  redis: Redis,
  ask: (deadline: number) => Promise<Reply>,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(await redisTimeOf(redis, beginBy));
    } catch (error) {
      const hasTime = performance.now() < beginBy && attempt < MOST_ATTEMPTS;
      if (!hasTime || !mayBeAskedAgain(redis, error)) throw error;
    }
  }
}

/** Whether the script refused to begin, and says what Redis' clock is; or the connection was replaced meanwhile. */
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
