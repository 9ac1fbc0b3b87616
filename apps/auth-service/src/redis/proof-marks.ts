import type { RedisClient } from './client.ts';
import { loadScript } from './script.ts';

const markProof = loadScript<string | null>('markProof', [
  new URL('./scripts/mark-proof.lua', import.meta.url),
]);

/**
 * The command that createRedisProofStore sends, as a script. A proof whose request was given up is not marked later, so
 * the same request can come again.
 */
export function createProofMarks(redis: RedisClient) {
  return {
    set: (key: string, mark: string, _ex: 'EX', seconds: number): Promise<string | null> =>
      markProof(redis, [key], [mark, seconds]),
  };
}
