import type { RedisClient } from './client.ts';
import { orUnavailable } from './or-unavailable.ts';
import { loadScript } from './script.ts';

const keepRecord = loadScript<string>('keepRecord', [new URL('./scripts/keep-record.lua', import.meta.url)]);
const replaceRecord = loadScript<0 | 1>('replaceRecord', [
  new URL('./scripts/replace-record.lua', import.meta.url),
]);
const removeRecord = loadScript<0 | 1>(
  'removeRecord',
  [new URL('./scripts/remove-record.lua', import.meta.url)],
  { remembersReply: true },
);

export type Records = ReturnType<typeof createRecords>;

/**
 * Texts that Redis keeps for some minutes, each under a key of its own. A write that was given up has no effect later.
 *
 * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer. `confirmAbsence` rejects when a
 * record that was not found may exist all the same; see DataSets.
 *
 * @example
 * await records.keep(pushedRequestKey(id), text, 60);
 * const text = await records.find(pushedRequestKey(id));
 */
export function createRecords({
  redis,
  confirmAbsence,
}: {
  readonly redis: RedisClient;
  readonly confirmAbsence: (key: string) => Promise<void>;
}) {
  return {
    async keep(key: string, text: string, seconds: number): Promise<void> {
      await orUnavailable(keepRecord(redis, [key], [text, seconds]));
    },

    /** Undefined when there is none. */
    async find(key: string): Promise<string | undefined> {
      const text = await orUnavailable(redis.get(key));
      if (text === null) await confirmAbsence(key);
      return text ?? undefined;
    },

    /** Replaces a record, for no longer than it would have been kept. Returns whether it was still there. */
    replace: (key: string, text: string): Promise<boolean> =>
      wasThere(key, replaceRecord(redis, [key], [text])),

    /** Returns whether it was still there, so that a record is used once. */
    remove: (key: string): Promise<boolean> => wasThere(key, removeRecord(redis, [key], [])),
  };

  async function wasThere(key: string, reply: Promise<0 | 1>): Promise<boolean> {
    const isFound = (await orUnavailable(reply)) === 1;
    if (!isFound) await confirmAbsence(key);
    return isFound;
  }
}
