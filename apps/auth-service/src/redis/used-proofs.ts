import { randomBytes } from 'node:crypto';
import type { ProofStore } from '@latchkey/auth-client/proof';
import type { Redis } from 'ioredis';
import { proofKey } from './key-names.ts';
import { orUnavailable } from './or-unavailable.ts';

/**
 * Which proofs (RFC 9449) were used, for all replicas. A command whose reply was lost is sent again, and must not take its
 * own mark for an earlier use, so each use writes a random mark and recognises it.
 *
 * Rejects with ProblemError 503 when Redis does not answer.
 */
export function createUsedProofs({ redis }: { readonly redis: Redis }): ProofStore {
  return {
    async use(id, seconds) {
      const mark = randomBytes(12).toString('base64url');
      const before = await orUnavailable(redis.set(proofKey(id), mark, 'EX', seconds, 'NX', 'GET'));
      return before === null || before === mark;
    },
  };
}
