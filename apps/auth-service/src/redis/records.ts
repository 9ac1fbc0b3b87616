import type { RedisClient } from './client.ts';
import { orUnavailable } from './or-unavailable.ts';
import { loadScript } from './script.ts';

const keepRecord = loadScript<string>('keepRecord', [new URL('./scripts/keep-record.lua', import.meta.url)]);
const replaceRecord = loadScript<0 | 1>('replaceRecord', [
  new URL('./scripts/replace-record.lua', import.meta.url),
]);
const removeRecord = loadScript<0 | 1>('removeRecord', [
  new URL('./scripts/remove-record.lua', import.meta.url),
]);

export type Records = ReturnType<typeof createRecords>;

/**
 * Texts that Redis keeps for some minutes, each under a key of its own. A write that was given up has no effect later.
 *
 * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer.
 *
 * @example
 * await records.keep(pushedRequestKey(id), text, 60);
 * const text = await records.find(pushedRequestKey(id));
 */
export function createRecords({ redis }: { readonly redis: RedisClient }) {
  return {
    async keep(key: string, text: string, seconds: number): Promise<void> {
      await orUnavailable(keepRecord(redis, [key], [text, seconds]));
    },

    /** Undefined when there is none. */
    async find(key: string): Promise<string | undefined> {
      return (await orUnavailable(redis.get(key))) ?? undefined;
    },

    /** Replaces a record, for no longer than it would have been kept. Returns whether it was still there. */
    async replace(key: string, text: string): Promise<boolean> {
      return (await orUnavailable(replaceRecord(redis, [key], [text]))) === 1;
    },

    /** Returns whether it was still there, so that a record is used once. */
    async remove(key: string): Promise<boolean> {
      return (await orUnavailable(removeRecord(redis, [key], []))) === 1;
    },
  };
}
