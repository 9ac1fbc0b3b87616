import type { Redis } from 'ioredis';
import { sessionKey } from '../src/redis/key-names.ts';

/**
 * Lets a session stand as if its person had last proved who they are at this time, in seconds since the epoch. Tokens
 * that are issued from now on say so; those that there are do not change.
 *
 * @example await ageSession(redis, sessionId, Math.floor(Date.now() / 1000) - 3600);
 */
export async function ageSession(redis: Redis, sessionId: string, authTime: number): Promise<void> {
  await redis.hset(sessionKey(sessionId), 'a', authTime);
}
