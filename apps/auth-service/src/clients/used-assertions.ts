import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { assertionKey } from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { CLOCK_SKEW_SECONDS, MOST_LIFETIME_SECONDS } from './client-assertion.ts';

/**
 * Longer than any assertion can be accepted: from its `iat`, seen by the clock that is furthest behind, to its `exp`,
 * seen by another such.
 */
const REMEMBERED_MS = (MOST_LIFETIME_SECONDS + 4 * CLOCK_SKEW_SECONDS) * 1000;

export type UsedAssertions = {
  /** Marks the assertion as used. Returns whether this is the first use of it. */
  use(clientId: string, jti: string): Promise<boolean>;
};

/**
 * Which client assertions have been used (RFC 7523 §3, `jti`), in Redis, so that all replicas know.
 *
 * A command whose reply was lost is sent again, and must not find itself there: so each use leaves a mark of its own,
 * and SET answers with the mark that it found.
 *
 * Rejects with ProblemError 503 when Redis does not answer: nothing is let in uncounted.
 *
 * @example
 * if (!(await usedAssertions.use('payment-service', claims.jti))) throw refused('jti');
 */
export function createUsedAssertions(redis: Redis): UsedAssertions {
  return {
    async use(clientId, jti) {
      const mark = randomBytes(12).toString('base64url');
      const key = assertionKey(clientId, jti);
      const found = await orUnavailable(redis.set(key, mark, 'PX', REMEMBERED_MS, 'NX', 'GET'));
      return found === null || found === mark;
    },
  };
}
