import { randomBytes } from 'node:crypto';
import { ProblemError } from '@latchkey/service-kit';
import type { RedisClient } from '../../redis/client.ts';
import { assertionKey, revocationHeadKey, revocationsKey, shardOf } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';
import type { DataSets } from '../../revocation/log/data-sets.ts';
import { clockSkewSeconds, maxLifetimeSeconds } from './client-assertion.ts';

/**
 * Longer than any assertion can be accepted: its lifetime, plus the clock skew and leeway of the client and the
 * replicas at its `iat` and at its `exp`. Counted from its use, or from its `iat` when that is later.
 */
const rememberedMs = (maxLifetimeSeconds + 4 * clockSkewSeconds) * 1000;

type Verdict = 'FIRST' | 'USED' | 'UNDECIDED';

const useAssertion = loadScript<[Verdict, dataSet: string, epoch: string]>('useAssertion', [
  new URL('../../revocation/log/scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/use-assertion.lua', import.meta.url),
]);

export type UsedAssertions = {
  /** Marks the assertion as used. Returns whether this is its first use. */
  use(clientId: string, assertion: { readonly jti: string; readonly iat: number }): Promise<boolean>;
};

export type UsedAssertionsOptions = {
  readonly redis: RedisClient;
  readonly shards: number;
  /** How long a revocation is kept. */
  readonly retentionMs: number;
  readonly dataSets: Pick<DataSets, 'note' | 'firstOf' | 'changedAt'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** The assertions of one client that this process has accepted. */
type Seen = {
  /** The epoch of the data set in which the last one was accepted: see publish-revocation.lua. */
  readonly epoch: string;
  /** The latest `iat` in earlier epochs. An assertion that is not later may have been used there. */
  readonly latestBefore: number;
  readonly latest: number;
};

/**
 * Keeps in Redis which client assertions have been used (RFC 7523 §3, `jti`), for all replicas.
 *
 * A command whose reply was lost is sent again, and must not take its own mark for an earlier use. So each use writes a
 * random mark and recognises it.
 *
 * Rejects with ProblemError 503 when Redis does not answer, because an unrecorded assertion must not be accepted. Also
 * rejects with 503 `temporarily_unavailable` when the assertion is older than the loss of the marks, or than a change
 * of the Redis server, which may lack the latest: it may have been used, so the client must make a new one. A client
 * whose clock is ahead may date assertions after that; this process still recognises those that it has accepted itself.
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
      const last = lastSeen(clientId);
      const ask = (first: string) => {
        const known = [first, last.epoch, last.latestBefore, last.latest];
        const args = [clock(), retentionMs, mark, rememberedMs, iat, ...known];
        return orUnavailable(useAssertion(redis, keys, args));
      };
      const first = dataSets.firstOf(shard);
      let [verdict, dataSet, epoch] = await ask(first);
      dataSets.note(shard, dataSet);
      // `note` may only now have learned that this is the first data set.
      if (verdict === 'UNDECIDED' && first === '')
        [verdict, dataSet, epoch] = await ask(dataSets.firstOf(shard));
      // Redis may have switched to another data set, where the assertion was used, and back to this one.
      const mayBeFromBefore = verdict === 'FIRST' && iat * 1000 <= dataSets.changedAt(shard);
      if (verdict === 'UNDECIDED' || mayBeFromBefore) throw mayBeUsed();
      if (verdict === 'FIRST') remember(clientId, epoch, iat);
      return verdict === 'FIRST';
    },
  };

  /** An `iat` in the future was accepted by a clock that was ahead. It counts as now, or it would refuse new ones. */
  function lastSeen(clientId: string): Seen {
    const last = seen.get(clientId);
    if (last === undefined) return { epoch: '', latestBefore: 0, latest: 0 };
    const now = Math.floor(clock() / 1000);
    const corrected = (iat: number) => (iat > now + clockSkewSeconds ? now : iat);
    const { epoch, latestBefore, latest } = last;
    const kept = { epoch, latestBefore: corrected(latestBefore), latest: corrected(latest) };
    // Stored, because a value that moves on with `now` would refuse every new assertion.
    seen.set(clientId, kept);
    return kept;
  }

  function remember(clientId: string, epoch: string, iat: number): void {
    const { latest, ...last } = seen.get(clientId) ?? { epoch, latest: 0, latestBefore: 0 };
    const latestBefore = last.epoch === epoch ? last.latestBefore : latest;
    seen.set(clientId, { epoch, latestBefore, latest: Math.max(latest, iat) });
  }
}

function mayBeUsed(): ProblemError {
  const detail =
    'It is not known at the moment whether this client assertion was used before. Try again with a new one.';
  return new ProblemError({
    status: 503,
    code: 'temporarily_unavailable',
    detail,
    headers: { 'retry-after': '1' },
    // For clients that only read RFC 6749's error members.
    extensions: { error: 'temporarily_unavailable', error_description: detail },
  });
}
