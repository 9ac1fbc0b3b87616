import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beginBy, ClockUnknownError, isLate } from './begin-by.ts';
import { commandTimeoutOf, type RedisClient } from './client.ts';
import { replyKey } from './key-names.ts';
import { measureRedisTime } from './redis-clock.ts';
import { afterTime } from './time-limits.ts';

/** Time for the reply to come back: Redis must begin a script this long before the caller's timeout, or never. */
const replyMs = 100;
const maxRepetitions = 5;

const refuseLate = new URL('./scripts/refuse-late.lua', import.meta.url);
const rememberReply = new URL('./scripts/remember-reply.lua', import.meta.url);

/** Runs one atomic script with keys and arguments, and resolves to its reply. */
export type Script<Reply> = (
  redis: RedisClient,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/**
 * Loads a Lua script together with the files that it depends on, which come first.
 *
 * A call that is not answered within the connection's timeout (800 ms) fails, and has no later effect: Redis begins the
 * script 100 ms before that or not at all (docs/decisions/0047). The outcome is unknown only when the reply is lost or
 * takes longer than the difference. Each script must still be safe to run twice, because it is sent again when the
 * connection breaks. One that would answer otherwise the second time gets `remembersReply`, and calls `remember`.
 *
 * The script is sent with EVALSHA, and once with EVAL when Redis does not know it, for example after a restart.
 *
 * @example
 * const refresh = loadScript<[string, number]>('refreshSession', [new URL('./scripts/refresh.lua', import.meta.url)]);
 * const [verdict] = await refresh(redis, [key], [generation]);
 */
export function loadScript<Reply>(
  name: string,
  files: readonly URL[],
  { remembersReply = false }: { readonly remembersReply?: boolean } = {},
): Script<Reply> {
  const before = remembersReply ? [refuseLate, rememberReply] : [refuseLate];
  const lua = [...before, ...files].map((file) => readFileSync(file, 'utf8')).join('\n');
  const defined = new WeakSet<RedisClient>();

  return async (redis, keys, args) => {
    const timeoutMs = commandTimeoutOf(redis);
    const giveUpAt = performance.now() + timeoutMs;
    const lastBegin = giveUpAt - replyMs;
    const call = remembersReply ? [replyKey(keys[0] ?? '', randomBytes(12).toString('base64url'))] : [];
    // It is not sent again after that time.
    const keptFor = call.map(() => timeoutMs);
    const allKeys = [...keys, ...call];
    const sent = [allKeys.length, ...allKeys, ...args, ...keptFor, beginBy(lastBegin)];
    const ask = () => send(redis, sent);
    try {
      // ioredis applies the same timeout itself.
      return await ask();
    } catch (error) {
      if (!mayBeAskedAgain(error)) throw error;
      return await until(giveUpAt, () => askAgain(ask, error, lastBegin));
    }
  };

  function send(redis: RedisClient, args: (string | number)[]): Promise<Reply> {
    if (!defined.has(redis)) {
      redis.defineCommand(name, { lua });
      defined.add(redis);
    }
    const command = (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<Reply>>)[
      name
    ];
    if (command === undefined) throw new Error(`Redis command ${name} was not defined`);
    return command.apply(redis, args);
  }
}

/** Runs the script again while there is time, after the clock of the server was measured that refused it. */
async function askAgain<Reply>(
  ask: () => Promise<Reply>,
  refused: unknown,
  lastBegin: number,
): Promise<Reply> {
  let error = refused;
  for (let repetition = 1; ; repetition += 1) {
    if (error instanceof ClockUnknownError) await measureClock(error);
    try {
      return await ask();
    } catch (next) {
      const hasTime = performance.now() < lastBegin && repetition < maxRepetitions;
      if (!hasTime || !mayBeAskedAgain(next)) throw next;
      error = next;
    }
  }
}

/** In a cluster, a node that has just gone away is no reason to give up: another one may serve the key. */
async function measureClock({ connection }: ClockUnknownError): Promise<void> {
  try {
    await measureRedisTime(connection);
  } catch (error) {
    if (connection.status !== 'end') throw error;
  }
}

function mayBeAskedAgain(error: unknown): boolean {
  return error instanceof ClockUnknownError || isLate(error);
}

async function until<T>(giveUpAt: number, work: () => Promise<T>): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error('Redis did not answer in time.'));
  const timer = afterTime(giveUpAt - performance.now(), giveUp);
  try {
    return await Promise.race([work(), givenUp]);
  } finally {
    clearTimeout(timer);
  }
}
