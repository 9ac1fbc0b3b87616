import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  revocationSequenceKey,
  revocationsKey,
  sessionKey,
  sessionsOfSubjectKey,
  shardOf,
  shardOfSession,
} from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { createRedisClock } from '../redis/redis-clock.ts';
import { loadScript } from '../redis/script.ts';
import { type MacKeys, readRefreshToken, writeRefreshToken } from './refresh-token.ts';
import type { EndReason, ListedSession, RefreshOutcome, RefreshVerdict, SessionGrant } from './session.ts';
import { GRANT_FIELDS, grantFrom, LISTED_FIELDS, listedFrom, recordOf } from './session-record.ts';

/** How long the token before the current one is answered with the same successor again. A deliberate relaxation. */
export const REPLAY_GRACE_MS = 10_000;
/** How often it is, within that time: more than an honest client's parallel requests, each sent twice, can be. */
export const MOST_REPLAYS = 200;
/** How long after it was sent Redis may carry a refresh out. Well above our timeout, well below the grace. */
const MOST_DELAY_MS = 3_000;
/** The sessions that one person can have at a time. Beyond it the oldest ends. */
export const MOST_SESSIONS = 100;
/** How many rotations a store may have lost for their tokens to be adopted. */
export const MOST_ADOPTED = 8;

/** Not 1: Redis keeps small numbers in fewer bytes, and a session must not grow as it is used. */
export const FIRST_GENERATION = 100_000;

const script = (file: string) => new URL(`./scripts/${file}`, import.meta.url);
const startSession = loadScript<string>('startSession', [script('start-session.lua')]);
const refreshSession = loadScript<[RefreshVerdict | 'LATE', ...string[]]>('refreshSession', [
  script('publish-revocation.lua'),
  script('refresh-session.lua'),
]);
const renewAuthTime = loadScript<(string | null)[]>('renewAuthTime', [script('renew-auth-time.lua')]);
const changeRoles = loadScript<number>('changeRoles', [script('change-roles.lua')]);
const endSessions = loadScript<string[]>('endSessions', [
  script('publish-revocation.lua'),
  script('end-sessions.lua'),
]);

export type SessionStoreOptions = {
  readonly redis: Redis;
  readonly macKeys: MacKeys;
  readonly shards: number;
  /** The absolute lifetime of a session. Nothing extends it (RFC 10017). */
  readonly sessionSeconds: number;
  /** The longest that an access token can be valid after its session ended: its lifetime and the clocks' skew. */
  readonly revocationSeconds: number;
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
 * Rejects with a ProblemError 503 `session_store_unavailable` when Redis does not answer within a second.
 *
 * @example
 * const { grant, refreshToken } = await store.start({ subject, clientId, roles, deviceName, address });
 * const outcome = await store.refresh(refreshToken, clientId);
 */
export function createSessionStore(options: SessionStoreOptions) {
  const { redis, macKeys, shards, clock } = options;
  const revocationTtlMs = options.revocationSeconds * 1000;
  const signingKey = macKeys[0];
  const redisClock = createRedisClock(redis);

  return {
    /** Starts a session. The id is new with every sign-in, whoever asks. `displaced`: what had to end for it. */
    async start(
      session: NewSession,
    ): Promise<{ grant: SessionGrant; refreshToken: string; displaced: string[] }> {
      const now = clock();
      const shard = shardOf(session.subject, shards);
      const sessionId = `${shard}-${randomBytes(16).toString('base64url')}`;
      const grant: SessionGrant = {
        sessionId,
        subject: session.subject,
        clientId: session.clientId,
        roles: session.roles,
        scopes: session.scopes,
        authTime: Math.floor(now / 1000),
        expiresAt: now + options.sessionSeconds * 1000,
      };
      const keys = [sessionKey(sessionId), sessionsOfSubjectKey(shard, session.subject)];
      const record = recordOf(grant, { ...session, now, generation: FIRST_GENERATION, kid: signingKey.kid });
      await orUnavailable(startSession(redis, keys, [sessionId, now, grant.expiresAt, ...record]));
      const displaced = await endOldest(shard, session.subject);
      return { grant, refreshToken: tokenOf(grant, FIRST_GENERATION, signingKey.kid), displaced };
    },

    /** What the session of a refresh token was granted, without using the token; undefined when it is not ours. */
    async grantOf(refreshToken: string, clientId: string): Promise<SessionGrant | undefined> {
      const presented = readRefreshToken(refreshToken, clientId, macKeys);
      const shard = presented && shardOfSession(presented.sessionId);
      if (presented === undefined || shard === undefined) return undefined;
      const values = await orUnavailable(redis.hmget(sessionKey(presented.sessionId), ...GRANT_FIELDS));
      return values[0] === null ? undefined : grantFrom(presented.sessionId, values);
    },

    /** Presents a refresh token; see RefreshVerdict for what may come of it. A forged one is UNKNOWN. */
    async refresh(refreshToken: string, clientId: string): Promise<RefreshOutcome> {
      const presented = readRefreshToken(refreshToken, clientId, macKeys);
      const shard = presented && shardOfSession(presented.sessionId);
      if (presented === undefined || shard === undefined || shard >= shards) return { verdict: 'UNKNOWN' };

      const { sessionId, generation } = presented;
      const keys = [sessionKey(sessionId), revocationsKey(shard), revocationSequenceKey(shard)];
      const limits = [REPLAY_GRACE_MS, MOST_REPLAYS, MOST_ADOPTED];
      const ask = () =>
        orUnavailable(
          refreshSession(redis, keys, [
            sessionId,
            generation,
            clock(),
            ...limits,
            signingKey.kid,
            revocationTtlMs,
            redisClock.now(),
            MOST_DELAY_MS,
          ]),
        );
      const [verdict, kid, ...values] = await redisClock.retryWhenLate<RefreshVerdict>(ask);
      if (verdict === 'UNKNOWN' || verdict === 'REVOKED' || verdict === 'EXPIRED') return { verdict };
      const grant = grantFrom(sessionId, values);
      if (verdict === 'REUSED') return { verdict, grant };
      if (shardOf(grant.subject, shards) !== shard) {
        // Its person could neither see nor end it any more.
        await endAllOf(shard, grant.subject, [sessionId], 'shards_changed');
        return { verdict: 'REVOKED' };
      }
      return { verdict, grant, refreshToken: tokenOf(grant, generation + 1, kid as string) };
    },

    /** The grant of this person's session as it is now; undefined when it has ended, or is somebody else's. */
    async find(subject: string, sessionId: string): Promise<SessionGrant | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const fields = ['s', ...GRANT_FIELDS];
      const [state, ...values] = await orUnavailable(redis.hmget(sessionKey(sessionId), ...fields));
      if (state !== 'active') return undefined;
      const grant = grantFrom(sessionId, values);
      return grant.subject === subject && clock() < grant.expiresAt ? grant : undefined;
    },

    /**
     * The person has proved who they are once more: this session's `auth_time` is now, no other session's, and its
     * refresh token and expiry stay as they are. Undefined as for find.
     */
    async renewAuthTime(subject: string, sessionId: string): Promise<SessionGrant | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const values = await orUnavailable(renewAuthTime(redis, [sessionKey(sessionId)], [subject, clock()]));
      return values.length === 0 ? undefined : grantFrom(sessionId, values);
    },

    /** A person's living sessions, the last used first. */
    async list(subject: string): Promise<ListedSession[]> {
      const shard = shardOf(subject, shards);
      const ids = await liveIdsOf(shard, subject);
      const records = await orUnavailable(
        Promise.all(ids.map((id) => redis.hmget(sessionKey(id), ...LISTED_FIELDS))),
      );
      return records
        .flatMap((values, index) => listedFrom(ids[index] as string, values) ?? [])
        .sort((a, b) => b.lastUsedAt - a.lastUsedAt);
    },

    /**
     * Gives all living sessions of this person other roles: the next refresh of each brings the scopes of those. A
     * change that is older than what a session has passes it over.
     */
    async changeRoles(
      subject: string,
      to: { roles: readonly string[]; rolesVersion: number },
    ): Promise<void> {
      const ids = await liveIdsOf(shardOf(subject, shards), subject);
      const args = [subject, to.roles.join(' '), to.rolesVersion];
      if (ids.length > 0) await orUnavailable(changeRoles(redis, ids.map(sessionKey), args));
    },

    /** Ends one session of this person. Returns false when there is none, dead or somebody else's. */
    async end(subject: string, sessionId: string, reason: EndReason): Promise<boolean> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return false;
      return (await endAllOf(shard, subject, [sessionId], reason)).length === 1;
    },

    /** Ends all sessions of this person but `except`; returns the ids of those that it ended. */
    async endAll(subject: string, reason: EndReason, except?: string): Promise<string[]> {
      const shard = shardOf(subject, shards);
      const ids = (await liveIdsOf(shard, subject)).filter((id) => id !== except);
      return ids.length === 0 ? [] : endAllOf(shard, subject, ids, reason);
    },
  };

  function tokenOf(grant: SessionGrant, generation: number, kid: string): string {
    // The kid is the one of the rotation, so that a replay gets the same string even if the keys changed in between.
    const key = macKeys.find((candidate) => candidate.kid === kid) ?? signingKey;
    return writeRefreshToken({ sessionId: grant.sessionId, generation, clientId: grant.clientId, key });
  }

  function liveIdsOf(shard: number, subject: string): Promise<string[]> {
    return orUnavailable(redis.zrangebyscore(sessionsOfSubjectKey(shard, subject), clock(), '+inf'));
  }

  async function endOldest(shard: number, subject: string): Promise<string[]> {
    // In order of expiry, and so of age.
    const surplus = await orUnavailable(
      redis.zrange(sessionsOfSubjectKey(shard, subject), '0', String(-MOST_SESSIONS - 1)),
    );
    return surplus.length === 0 ? [] : endAllOf(shard, subject, surplus, 'too_many');
  }

  function endAllOf(shard: number, subject: string, ids: string[], reason: EndReason): Promise<string[]> {
    const keys = [
      sessionsOfSubjectKey(shard, subject),
      revocationsKey(shard),
      revocationSequenceKey(shard),
      ...ids.map(sessionKey),
    ];
    return orUnavailable(endSessions(redis, keys, [subject, clock(), reason, revocationTtlMs, ...ids]));
  }
}
