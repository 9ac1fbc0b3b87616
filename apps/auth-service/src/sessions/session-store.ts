import type { RedisClient } from '../redis/client.ts';
import {
  revocationHeadKey,
  revocationsKey,
  sessionKey,
  sessionsOfSubjectKey,
  shardOf,
  shardOfSession,
} from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { loadScript } from '../redis/script.ts';
import type { DataSets } from '../revocation/log/data-sets.ts';
import { furthestAheadSeconds } from '../tokens/issued-from.ts';
import { type MacKeys, readRefreshToken, writeRefreshToken } from './refresh-token.ts';
import type { RefreshOutcome, RefreshVerdict, SessionGrant } from './session.ts';
import { bornAt } from './session-id.ts';
import { grantFields, grantFrom } from './session-record.ts';
import { createSessionStarts } from './session-starts.ts';
import { createSessionsOfSubject } from './sessions-of-subject.ts';

/** How long the previous token still gets the same successor again. A deliberate relaxation. */
export const replayGraceMs = 10_000;
/** How often it does within that time: more than the parallel requests of an honest client, each sent twice. */
export const maxReplays = 200;
/** How far the clocks of two replicas may differ. A rotation further in the future means that a clock was wrong. */
export const maxClockSkewMs = 5_000;
/** How many lost rotations of the store are tolerated by adopting their tokens. */
export const maxAdopted = 8;
/** How many at a session's first refresh after its data came to another server: a day, by a page that stays open. */
export const maxAdoptedAfterRestore = 400;

/** How many generations a client with the key of a bound session may be behind: each is a reply that it lost. */
export const maxBehind = 8;

/** How far the clocks of the replicas and of Redis may differ. */
const clocksDifferSeconds = 30;

const script = (file: string) => new URL(file, import.meta.url);
const publishRevocation = script('../revocation/log/scripts/publish-revocation.lua');
/** The script's verdicts. For an UNKNOWN session, this module decides whether it is LOST. */
type StoreVerdict = Exclude<RefreshVerdict, 'LOST'>;

const refreshSession = loadScript<[StoreVerdict, ...string[]]>('refreshSession', [
  publishRevocation,
  script('./scripts/refresh-session.lua'),
]);
const loseSession = loadScript<'CHANGED' | 'EARLIER' | 'TOLD'>('loseSession', [
  publishRevocation,
  script('./scripts/lose-session.lua'),
]);
const renewAuthTime = loadScript<(string | null)[]>('renewAuthTime', [
  script('./scripts/renew-auth-time.lua'),
]);

export type SessionStoreOptions = {
  readonly redis: RedisClient;
  readonly macKeys: MacKeys;
  readonly shards: number;
  /** The absolute lifetime of a session. Nothing extends it (RFC 10017). */
  readonly sessionSeconds: number;
  /** How long an access token can stay valid after its session ended: its lifetime plus clock skew. */
  readonly revocationSeconds: number;
  /** Decides whether a session that was not found does not exist. */
  readonly dataSets: Pick<DataSets, 'requireKnown' | 'confirm' | 'confirmMost'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type SessionStore = ReturnType<typeof createSessionStore>;

/**
 * The sessions in Redis. Each step is one atomic script, and every rule takes the time as an argument.
 *
 * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer within a second. Does the same
 * when a session is missing but Redis may just have lost its data, or may be a different Redis (see DataSets).
 *
 * @example
 * const { grant, refreshToken } = await store.start({ subject, clientId, roles, deviceName, address });
 * const outcome = await store.refresh(refreshToken, clientId);
 */
export function createSessionStore(options: SessionStoreOptions) {
  const { redis, macKeys, shards, clock, dataSets } = options;
  const revocationTtlMs = options.revocationSeconds * 1000;
  const signingKey = macKeys[0];
  const ofSubject = createSessionsOfSubject(options);

  return {
    ...ofSubject,

    ...createSessionStarts(options, { endOldest: ofSubject.endOldest }),

    /**
     * Returns the grant of a refresh token's session without using the token; undefined when the token is not ours or
     * the session is gone. `evenIfUncertain`: undefined also when Redis may have lost the session.
     */
    async grantOf(
      refreshToken: string,
      clientId: string,
      { evenIfUncertain = false } = {},
    ): Promise<SessionGrant | undefined> {
      const presented = readRefreshToken(refreshToken, clientId, macKeys);
      const shard = presented && shardOfSession(presented.sessionId);
      if (presented === undefined || shard === undefined || shard >= shards) return undefined;
      const now = clock();
      const values = await orUnavailable(redis.hmget(sessionKey(presented.sessionId), ...grantFields));
      // The record that marks a lost session has no owner.
      if (values[0] !== null) return grantFrom(presented.sessionId, values, now);
      if (!evenIfUncertain) await dataSets.confirm(shard);
      return undefined;
    },

    /**
     * Presents a refresh token; see RefreshVerdict for the possible outcomes. A forged token is UNKNOWN. `proven`: the
     * thumbprint of the key that the client has just proved to have.
     */
    async refresh(refreshToken: string, clientId: string, proven?: string): Promise<RefreshOutcome> {
      const presented = readRefreshToken(refreshToken, clientId, macKeys);
      const shard = presented && shardOfSession(presented.sessionId);
      if (presented === undefined || shard === undefined || shard >= shards) return { verdict: 'UNKNOWN' };

      const { sessionId, generation } = presented;
      const keys = [
        sessionKey(sessionId),
        revocationsKey(shard),
        revocationHeadKey(shard),
        sessionsOfSubjectKey(shard, ''),
      ];
      const limits = [replayGraceMs, maxClockSkewMs, maxReplays, maxAdopted];
      const now = clock();
      const how = [
        signingKey.kid,
        revocationTtlMs,
        furthestAheadSeconds,
        proven ?? '',
        maxBehind,
        maxAdoptedAfterRestore,
      ];
      const args = [sessionId, generation, now, ...limits, ...how];
      const [verdict, detail, ...values] = await orUnavailable(refreshSession(redis, keys, args));
      if (verdict === 'REVOKED') return { verdict, reason: detail ?? undefined };
      if (verdict === 'UNKNOWN') {
        const [movedAt] = values;
        return missing({ sessionId, shard, dataSet: detail as string, movedAt: Number(movedAt), now });
      }
      if (verdict === 'EXPIRED') return { verdict };
      const grant = grantFrom(sessionId, values, now);
      if (verdict === 'REUSED' || verdict === 'FOREIGN_KEY') return { verdict, grant };
      if (shardOf(grant.subject, shards) !== shard) {
        await ofSubject.endMisplaced(grant);
        return { verdict: 'REVOKED', reason: 'shards_changed' };
      }
      return { verdict, grant, refreshToken: tokenOf(grant, Number(values.at(-1)), detail as string) };
    },

    /** The current grant of this person's session; undefined when it has ended or is another person's. */
    async find(subject: string, sessionId: string): Promise<SessionGrant | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const fields = ['s', ...grantFields];
      const now = clock();
      const [state, ...values] = await orUnavailable(redis.hmget(sessionKey(sessionId), ...fields));
      if (state === null) await dataSets.confirm(shard);
      if (state !== 'active') return undefined;
      const grant = grantFrom(sessionId, values, now);
      return grant.subject === subject && now < grant.expiresAt ? grant : undefined;
    },

    /**
     * Sets `auth_time` of this session to now, after the person has authenticated again. Other sessions, the refresh
     * token and the expiry do not change. Returns undefined as find does.
     */
    async renewAuthTime(subject: string, sessionId: string): Promise<SessionGrant | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const now = clock();
      const values = await orUnavailable(renewAuthTime(redis, [sessionKey(sessionId)], [subject, now]));
      if (values.length > 0) return grantFrom(sessionId, values, now);
      await dataSets.confirm(shard, sessionKey(sessionId));
      return undefined;
    },
  };

  /** Decides what it means that the session of a valid refresh token is missing. */
  async function missing(of: {
    sessionId: string;
    shard: number;
    dataSet: string;
    movedAt: number;
    now: number;
  }): Promise<RefreshOutcome> {
    const { sessionId, shard, dataSet, now } = of;
    // First, because the session may have begun when sessions lived longer, and go on where the data is.
    dataSets.requireKnown(shard, dataSet, of.movedAt);
    if (hasExpired(sessionId, now)) return { verdict: 'EXPIRED' };
    const keys = [sessionKey(sessionId), revocationsKey(shard), revocationHeadKey(shard)];
    const born = bornAt(sessionId, now) ?? Math.floor(now / 1000);
    const args = [sessionId, born, now, revocationTtlMs, dataSet, clocksDifferSeconds];
    const told = await orUnavailable(loseSession(redis, keys, args));
    if (told === 'CHANGED')
      return orUnavailable(Promise.reject(new Error('The store changed in the meantime.')));
    return { verdict: 'LOST', sessionId, isNews: told === 'TOLD' };
  }

  /** Whether a session that the known data set lacks has simply expired. */
  function hasExpired(sessionId: string, now: number): boolean {
    const born = bornAt(sessionId, now);
    const lifetime = options.sessionSeconds - clocksDifferSeconds;
    return born !== undefined && now >= (born + lifetime) * 1000;
  }

  function tokenOf(grant: SessionGrant, generation: number, kid: string): string {
    // The kid of the rotation, so that a replay gets the same string even if the keys changed in between.
    const key = macKeys.find((candidate) => candidate.kid === kid) ?? signingKey;
    return writeRefreshToken({ sessionId: grant.sessionId, generation, clientId: grant.clientId, key });
  }
}
