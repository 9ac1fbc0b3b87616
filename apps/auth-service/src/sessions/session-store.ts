import type { Redis } from 'ioredis';
import {
  issuedFromKey,
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
import { FURTHEST_AHEAD_SECONDS } from '../tokens/issued-from.ts';
import { type MacKeys, readRefreshToken, writeRefreshToken } from './refresh-token.ts';
import type { RefreshOutcome, RefreshVerdict, SessionGrant } from './session.ts';
import { bornAt, createSessionId } from './session-id.ts';
import { GRANT_FIELDS, grantFrom, recordOf } from './session-record.ts';
import { createSessionsOfSubject } from './sessions-of-subject.ts';

/** How long the token before the current one is answered with the same successor again. A deliberate relaxation. */
export const REPLAY_GRACE_MS = 10_000;
/** How often it is, within that time: more than an honest client's parallel requests, each sent twice, can be. */
export const MOST_REPLAYS = 200;
/** How far the clocks of two replicas may be apart: a rotation that is further ahead says that a clock was wrong. */
export const MOST_CLOCK_SKEW_MS = 5_000;
/** How many rotations a store may have lost for their tokens to be adopted. */
export const MOST_ADOPTED = 8;

/** How far the clocks of replicas, and of Redis, may be from each other. */
const CLOCKS_DIFFER_SECONDS = 30;

/** Not 1: Redis keeps small numbers in fewer bytes, and a session must not grow as it is used. */
export const FIRST_GENERATION = 100_000;

const script = (file: string) => new URL(file, import.meta.url);
const publishRevocation = script('../revocation/log/scripts/publish-revocation.lua');
/** What the script decides. Whether a session that is UNKNOWN to it is LOST is decided here. */
type StoreVerdict = Exclude<RefreshVerdict, 'LOST'>;

const startSession = loadScript<number>('startSession', [
  publishRevocation,
  script('./scripts/start-session.lua'),
]);
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
  readonly redis: Redis;
  readonly macKeys: MacKeys;
  readonly shards: number;
  /** The absolute lifetime of a session. Nothing extends it (RFC 10017). */
  readonly sessionSeconds: number;
  /** The longest that an access token can be valid after its session ended: its lifetime and the clocks' skew. */
  readonly revocationSeconds: number;
  /** Whether what is not found is not there. */
  readonly dataSets: Pick<DataSets, 'believe' | 'confirm' | 'confirmMost'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type NewSession = {
  readonly subject: string;
  readonly clientId: string;
  readonly roles: readonly string[];
  readonly rolesVersion: number;
  readonly scopes?: readonly string[] | undefined;
  readonly deviceName: string;
  readonly address: string;
};

export type SessionStore = ReturnType<typeof createSessionStore>;

/**
 * The sessions in Redis. Each step is one atomic script, and every rule takes the time as an argument.
 *
 * Rejects with a ProblemError 503 `session_store_unavailable` when Redis does not answer within a second; and when it has
 * not what was asked for, but may have lost its data a moment ago, or be another one (see DataSets).
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

    /** Starts a session. The id is new with every sign-in, whoever asks. `displaced`: what had to end for it. */
    async start(
      session: NewSession,
    ): Promise<{ grant: SessionGrant; refreshToken: string; displaced: string[] }> {
      const now = clock();
      const shard = shardOf(session.subject, shards);
      const sessionId = createSessionId(shard, now);
      const requested = {
        sessionId,
        subject: session.subject,
        clientId: session.clientId,
        roles: session.roles,
        scopes: session.scopes,
        authTime: Math.floor(now / 1000),
        expiresAt: now + options.sessionSeconds * 1000,
        readAt: now,
      };
      const keys = [
        sessionKey(sessionId),
        sessionsOfSubjectKey(shard, session.subject),
        issuedFromKey(shard, session.subject),
        revocationsKey(shard),
        revocationHeadKey(shard),
      ];
      const record = recordOf(requested, { ...session, generation: FIRST_GENERATION, kid: signingKey.kid });
      const args = [sessionId, now, requested.expiresAt, revocationTtlMs, ...record];
      const issuedFrom = await orUnavailable(startSession(redis, keys, args));
      const grant: SessionGrant = { ...requested, issuedFrom };
      const displaced = await ofSubject.endOldest(session.subject);
      return { grant, refreshToken: tokenOf(grant, FIRST_GENERATION, signingKey.kid), displaced };
    },

    /**
     * What the session of a refresh token was granted, without using the token; undefined when it is not ours, or gone.
     * `evenIfUncertain`: also when it may not be gone.
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
      const values = await orUnavailable(redis.hmget(sessionKey(presented.sessionId), ...GRANT_FIELDS));
      // What a lost session leaves has no owner.
      if (values[0] !== null) return grantFrom(presented.sessionId, values, now);
      if (!evenIfUncertain && !hasExpired(presented.sessionId, now)) await dataSets.confirm(shard);
      return undefined;
    },

    /** Presents a refresh token; see RefreshVerdict for what may come of it. A forged one is UNKNOWN. */
    async refresh(refreshToken: string, clientId: string): Promise<RefreshOutcome> {
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
      const limits = [REPLAY_GRACE_MS, MOST_CLOCK_SKEW_MS, MOST_REPLAYS, MOST_ADOPTED];
      const now = clock();
      const how = [signingKey.kid, revocationTtlMs, FURTHEST_AHEAD_SECONDS];
      const args = [sessionId, generation, now, ...limits, ...how];
      const [verdict, detail, ...values] = await orUnavailable(refreshSession(redis, keys, args));
      if (verdict === 'REVOKED') return { verdict, reason: detail ?? undefined };
      if (verdict === 'UNKNOWN') {
        const [movedAt] = values;
        return missing({ sessionId, shard, dataSet: detail as string, movedAt: Number(movedAt), now });
      }
      if (verdict === 'EXPIRED') return { verdict };
      const grant = grantFrom(sessionId, values, now);
      if (verdict === 'REUSED') return { verdict, grant };
      if (shardOf(grant.subject, shards) !== shard) {
        await ofSubject.endMisplaced(grant);
        return { verdict: 'REVOKED', reason: 'shards_changed' };
      }
      return { verdict, grant, refreshToken: tokenOf(grant, generation + 1, detail as string) };
    },

    /** The grant of this person's session as it is now; undefined when it has ended, or is somebody else's. */
    async find(subject: string, sessionId: string): Promise<SessionGrant | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const fields = ['s', ...GRANT_FIELDS];
      const now = clock();
      const [state, ...values] = await orUnavailable(redis.hmget(sessionKey(sessionId), ...fields));
      if (state === null) await dataSets.confirm(shard);
      if (state !== 'active') return undefined;
      const grant = grantFrom(sessionId, values, now);
      return grant.subject === subject && now < grant.expiresAt ? grant : undefined;
    },

    /**
     * The person has proved who they are once more: this session's `auth_time` is now, no other session's, and its
     * refresh token and expiry stay as they are. Undefined as for find.
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

  /** What it means that a session is not there of which a refresh token of ours was presented. */
  async function missing(of: {
    sessionId: string;
    shard: number;
    dataSet: string;
    movedAt: number;
    now: number;
  }): Promise<RefreshOutcome> {
    const { sessionId, shard, dataSet, now } = of;
    if (hasExpired(sessionId, now)) return { verdict: 'EXPIRED' };
    dataSets.believe(shard, dataSet, of.movedAt);
    const keys = [sessionKey(sessionId), revocationsKey(shard), revocationHeadKey(shard)];
    const born = bornAt(sessionId, now) ?? Math.floor(now / 1000);
    const args = [sessionId, born, now, revocationTtlMs, dataSet, CLOCKS_DIFFER_SECONDS];
    const told = await orUnavailable(loseSession(redis, keys, args));
    if (told === 'CHANGED')
      return orUnavailable(Promise.reject(new Error('The store has changed meanwhile.')));
    return { verdict: 'LOST', sessionId, isNews: told === 'TOLD' };
  }

  /** Whether a session that is not there has ended as all do. */
  function hasExpired(sessionId: string, now: number): boolean {
    const born = bornAt(sessionId, now);
    const lifetime = options.sessionSeconds - CLOCKS_DIFFER_SECONDS;
    return born !== undefined && now >= (born + lifetime) * 1000;
  }

  function tokenOf(grant: SessionGrant, generation: number, kid: string): string {
    // The kid is the one of the rotation, so that a replay gets the same string even if the keys changed in between.
    const key = macKeys.find((candidate) => candidate.kid === kid) ?? signingKey;
    return writeRefreshToken({ sessionId: grant.sessionId, generation, clientId: grant.clientId, key });
  }
}
