import type { Redis } from 'ioredis';
import { sessionKey } from '../src/redis/key-names.ts';

/**
 * Sets the time at which the session's person last authenticated, in seconds since the epoch. Only affects tokens that
 * are issued from now on.
 *
 * @example await ageSession(redis, sessionId, Math.floor(Date.now() / 1000) - 3600);
 */
export async function ageSession(redis: Redis, sessionId: string, authTime: number): Promise<void> {
  await redis.hset(sessionKey(sessionId), 'a', authTime);
}
