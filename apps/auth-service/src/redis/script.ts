import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { batchWrites } from './batch-writes.ts';

/** One atomic step: keys and arguments in, the script's reply out. */
export type Script<Reply> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/**
 * Loads a Lua script, with the files that it builds on in front of it.
 *
 * The script is sent by EVALSHA, and by EVAL once when Redis does not know it (after a restart, say).
 *
 * @example
 * const refresh = loadScript<[string, number]>('refreshSession', [new URL('./scripts/refresh.lua', import.meta.url)]);
 * const [verdict] = await refresh(redis, [key], [generation]);
 */
export function loadScript<Reply>(name: string, files: readonly URL[]): Script<Reply> {
  const lua = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const defined = new WeakSet<Redis>();
  return (redis, keys, args) => {
    if (!defined.has(redis)) {
      redis.defineCommand(name, { lua });
      defined.add(redis);
    }
    const command = (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<Reply>>)[
      name
    ];
    if (command === undefined) throw new Error(`Redis command ${name} was not defined`);
    batchWrites(redis);
    return command.call(redis, keys.length, ...keys, ...args);
  };
}
