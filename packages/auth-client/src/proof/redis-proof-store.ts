import { randomBytes } from 'node:crypto';
import { type ProofStore, storeTimeoutMs } from './proof-replays.ts';

/** What the store needs of a Redis client. ioredis has it as it is. */
export type RedisCommands = {
  set(key: string, value: string, ex: 'EX', seconds: number, nx: 'NX', get: 'GET'): Promise<string | null>;
};

export type RedisProofStoreOptions = {
  /** The key for an id. Default `proof:` and the id. */
  readonly keyOf?: (id: string) => string;
  /** How long an answer may take before the request is refused. Default 1000. */
  readonly timeoutMs?: number;
};

/** Ten years: for good. */
const nonceKeySeconds = 3650 * 86_400;

/**
 * Keeps used proofs in Redis 7.0 or newer. Each is accepted once by all who share the data set, as long as it keeps its
 * data: a Redis that restarts empty, or fails over to a replica that lacks the last writes, may accept a proof of the last
 * two minutes once more. Redis removes entries by itself.
 *
 * A client such as ioredis sends a command again when its reply was lost. It must not take its own mark for an earlier
 * use, so each use writes a random mark and recognises it.
 *
 * Does not cancel a command that takes longer than `timeoutMs`: the client has its own limit for that.
 *
 * @example
 * const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 800 });
 * await app.register(authClient, { …, proofStore: createRedisProofStore(redis) });
 */
export function createRedisProofStore(
  redis: RedisCommands,
  { keyOf = (id) => `proof:${id}`, timeoutMs = storeTimeoutMs }: RedisProofStoreOptions = {},
): Required<ProofStore> {
  return {
    timeoutMs,
    async use(id, seconds) {
      const mark = randomBytes(12).toString('base64url');
      const before = await redis.set(keyOf(id), mark, 'EX', seconds, 'NX', 'GET');
      return before === null || before === mark;
    },
    async nonceKey() {
      const drawn = randomBytes(32).toString('base64url');
      const before = await redis.set(keyOf('nonce-key'), drawn, 'EX', nonceKeySeconds, 'NX', 'GET');
      return Buffer.from(before ?? drawn, 'base64url');
    },
  };
}
