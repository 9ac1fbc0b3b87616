import { randomBytes } from 'node:crypto';
import { ProblemError } from '@latchkey/service-kit';
import type { Redis } from 'ioredis';
import { assertionKey, revocationHeadKey, revocationsKey, shardOf } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';
import type { DataSets } from '../../revocation/log/data-sets.ts';
import { CLOCK_SKEW_SECONDS, MOST_LIFETIME_SECONDS } from './client-assertion.ts';

/**
 * Longer than any assertion can be accepted: from its `iat`, seen by the clock that is furthest behind, to its `exp`,
 * seen by another such.
 */
const REMEMBERED_MS = (MOST_LIFETIME_SECONDS + 4 * CLOCK_SKEW_SECONDS) * 1000;

const useAssertion = loadScript<[verdict: 'FIRST' | 'USED' | 'UNDECIDED', dataSet: string]>('useAssertion', [
  new URL('../../revocation/log/scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/use-assertion.lua', import.meta.url),
]);

export type UsedAssertions = {
  /** Marks the assertion as used. Returns whether this is the first use of it. */
  use(clientId: string, assertion: { readonly jti: string; readonly iat: number }): Promise<boolean>;
};

export type UsedAssertionsOptions = {
  readonly redis: Redis;
  readonly shards: number;
  /** How long a revocation is kept. */
  readonly retentionMs: number;
  readonly dataSets: Pick<DataSets, 'note' | 'firstOf' | 'changedAt'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** What this process has let in of one client. */
type Seen = {
  /** Where it was let in last. */
  readonly dataSet: string;
  /** The latest `iat` in the data sets before that: what is not later may have been used there. */
  readonly latestBefore: number;
  readonly latest: number;
};

/**
 * Which client assertions have been used (RFC 7523 §3, `jti`), in Redis, so that all replicas know.
 *
 * A command whose reply was lost is sent again, and must not find itself there: so each use leaves a mark of its own,
 * and is told when it finds it again.
 *
 * Rejects with ProblemError 503 when Redis does not answer: nothing is let in uncounted. And with 503
 * `temporarily_unavailable` when the assertion is from before Redis lost the marks: it may have been used, so the client
 * makes another one. A client whose clock is ahead dates assertions later than that; those that came to this process
 * are known all the same.
 *
 * @example
 * if (!(await usedAssertions.use('payment-service', claims))) throw refused('jti');
 */
export function createUsedAssertions(options: UsedAssertionsOptions): UsedAssertions {
  const { redis, shards, retentionMs, dataSets, clock } = options;
  const seen = new Map<string, Seen>();

  return {
    async use(clientId, { jti, iat }) {
      const shard = shardOf(clientId, shards);
      const keys = [assertionKey(shard, clientId, jti), revocationsKey(shard), revocationHeadKey(shard)];
      const mark = randomBytes(12).toString('base64url');
      const last = seen.get(clientId) ?? { dataSet: '', latestBefore: 0, latest: 0 };
      const ask = (first: string) => {
        const known = [first, last.dataSet, last.latestBefore, last.latest];
        const args = [clock(), retentionMs, mark, REMEMBERED_MS, iat, ...known];
        return orUnavailable(useAssertion(redis, keys, args));
      };
      const first = dataSets.firstOf(shard);
      let [verdict, dataSet] = await ask(first);
      dataSets.note(shard, dataSet);
      // Nobody knew that it is the first.
      if (verdict === 'UNDECIDED' && first === '') [verdict, dataSet] = await ask(dataSets.firstOf(shard));
      // Redis may have had this data set before, then another one, in which it was used.
      const mayBeFromBefore = verdict === 'FIRST' && iat * 1000 <= dataSets.changedAt(shard);
      if (verdict === 'UNDECIDED' || mayBeFromBefore) throw mayBeUsed();
      if (verdict === 'FIRST') remember(clientId, dataSet, iat);
      return verdict === 'FIRST';
    },
  };

  function remember(clientId: string, dataSet: string, iat: number): void {
    const { latest, ...last } = seen.get(clientId) ?? { dataSet, latest: 0, latestBefore: 0 };
    const latestBefore = last.dataSet === dataSet ? last.latestBefore : latest;
    seen.set(clientId, { dataSet, latestBefore, latest: Math.max(latest, iat) });
  }
}

function mayBeUsed(): ProblemError {
  const detail =
    'Whether this client assertion was used cannot be known at the moment. Try again with another one.';
  return new ProblemError({
    status: 503,
    code: 'temporarily_unavailable',
    detail,
    headers: { 'retry-after': '1' },
    // For who reads RFC 6749's errors alone.
    extensions: { error: 'temporarily_unavailable', error_description: detail },
  });
}
