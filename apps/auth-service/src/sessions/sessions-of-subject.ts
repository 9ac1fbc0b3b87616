import { ProblemError } from '@latchkey/service-kit';
import type { RedisClient } from '../redis/client.ts';
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
import { furthestAheadSeconds } from '../tokens/issued-from.ts';
import { endsWith, type SignOutElsewhere } from './elsewhere.ts';
import type { EndReason, ListedSession, SessionGrant } from './session.ts';
import { bornAt } from './session-id.ts';
import { listedFields, listedFrom } from './session-record.ts';

/** The most sessions that one person can have at a time. Beyond that, the oldest is ended. */
export const maxSessions = 100;

const publishRevocation = new URL('../revocation/log/scripts/publish-revocation.lua', import.meta.url);
/** What scripts that end sessions begin with. */
export const endSessionParts = [publishRevocation, new URL('./scripts/end-session.lua', import.meta.url)];
const endSessions = loadScript<string[]>(
  'endSessions',
  [...endSessionParts, new URL('./scripts/end-sessions.lua', import.meta.url)],
  { remembersReply: true },
);
const endSurplus = loadScript<string[]>(
  'endSurplus',
  [...endSessionParts, new URL('./scripts/end-surplus.lua', import.meta.url)],
  { remembersReply: true },
);
const renameSession = loadScript<(string | null)[]>('renameSession', [
  new URL('./scripts/rename-session.lua', import.meta.url),
]);
const changeRoles = loadScript<number>('changeRoles', [
  publishRevocation,
  new URL('./scripts/change-roles.lua', import.meta.url),
]);

export type SessionsOfSubjectOptions = {
  readonly redis: RedisClient;
  readonly shards: number;
  /** The longest that an access token can be valid after its session ended: its lifetime and the clocks' skew. */
  readonly revocationSeconds: number;
  /** Decides whether a session that was not found does not exist. */
  readonly dataSets: Pick<DataSets, 'confirm' | 'confirmMost'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type SessionsOfSubject = ReturnType<typeof createSessionsOfSubject>;

/**
 * Operations on the sessions of one person. Each takes the subject, so a caller cannot reach another person's session
 * by guessing its id. Each script that ends sessions or revokes access tokens publishes that in the same step.
 */
export function createSessionsOfSubject({
  redis,
  shards,
  revocationSeconds,
  dataSets,
  clock,
}: SessionsOfSubjectOptions) {
  const revocationTtlMs = revocationSeconds * 1000;

  return {
    /** A person's live sessions, the most recently used first. */
    async list(subject: string): Promise<ListedSession[]> {
      const [ids] = await Promise.all([liveIdsOf(subject), dataSets.confirmMost(shardOf(subject, shards))]);
      const records = await orUnavailable(
        Promise.all(ids.map((id) => redis.hmget(sessionKey(id), ...listedFields))),
      );
      return records
        .flatMap((values, index) => listedFrom(ids[index] as string, values) ?? [])
        .sort((a, b) => b.lastUsedAt - a.lastUsedAt);
    },

    /**
     * Gives all live sessions of this person new roles. The next refresh of each returns the scopes of the new roles,
     * and earlier access tokens are revoked. A session that already has newer roles is skipped.
     */
    async changeRoles(
      subject: string,
      to: { roles: readonly string[]; rolesVersion: number },
    ): Promise<void> {
      const ids = await allIdsOf(subject);
      if (ids.length === 0) return;
      const shard = shardOf(subject, shards);
      const keys = [
        issuedFromKey(shard, subject),
        revocationsKey(shard),
        revocationHeadKey(shard),
        ...ids.map(sessionKey),
      ];
      const change = [to.roles.join(' '), to.rolesVersion];
      await orUnavailable(
        changeRoles(redis, keys, [subject, clock(), revocationTtlMs, ...change, furthestAheadSeconds]),
      );
    },

    /** Gives one session of this person another device name; undefined as for end. */
    async rename(subject: string, sessionId: string, deviceName: string): Promise<ListedSession | undefined> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return undefined;
      const args = [subject, clock(), deviceName];
      const values = await orUnavailable(renameSession(redis, [sessionKey(sessionId)], args));
      if (values.length === 0) await dataSets.confirm(shard, sessionKey(sessionId));
      return listedFrom(sessionId, values);
    },

    /** Ends one session of this person. Returns false when it does not exist, has ended, or is another person's. */
    async end(subject: string, sessionId: string, reason: EndReason): Promise<boolean> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return false;
      if ((await endThese({ shard, subject }, [sessionId], reason)).length === 1) return true;
      await dataSets.confirm(shard, sessionKey(sessionId));
      return false;
    },

    /** Whose session this is or was, and of which client; undefined when it has no record, see `isGone`. */
    async ownerOf(sessionId: string): Promise<{ subject: string; clientId: string } | undefined> {
      const [subject, clientId] = await orUnavailable(redis.hmget(sessionKey(sessionId), 'u', 'c'));
      return subject && clientId ? { subject, clientId } : undefined;
    },

    /** Whether a session without a record is gone; false while the record may come back, or has just done so. */
    async isGone(sessionId: string): Promise<boolean> {
      const shard = shardOfSession(sessionId);
      if (shard === undefined || shard >= shards) return true;
      try {
        await dataSets.confirm(shard, sessionKey(sessionId));
      } catch (error) {
        if (error instanceof ProblemError && error.status === 503) return false;
        throw error;
      }
      // The record of a lost session has no owner.
      return (await orUnavailable(redis.hget(sessionKey(sessionId), 'u'))) === null;
    },

    /** Ends a session that is outside its person's shard, where the person could neither see nor end it. */
    async endMisplaced({ subject, sessionId }: SessionGrant): Promise<void> {
      const shard = shardOfSession(sessionId);
      if (shard !== undefined) await endThese({ shard, subject }, [sessionId], 'shards_changed');
    },

    /** Ends all sessions of this person but `except`; returns the ids of those that it ended. */
    async endAll(subject: string, reason: EndReason, except?: string): Promise<string[]> {
      const ids = (await allIdsOf(subject)).filter((id) => id !== except);
      return endThese({ shard: shardOf(subject, shards), subject }, ids, reason);
    },

    /**
     * Ends the oldest sessions that this person has with this client, until `most` are left; returns the ids of those
     * that it ended. This also holds for concurrent sign-ins: after the last of them, `most` sessions are left.
     */
    async endSurplus(
      { subject, clientId, sessionId }: Pick<SessionGrant, 'subject' | 'clientId' | 'sessionId'>,
      most: number,
    ): Promise<string[]> {
      const ids = oldestFirst(await liveIdsOf(subject));
      const policy = [clientId, most, sessionId];
      const args = [subject, clock(), 'displaced', revocationTtlMs, ...policy, ...ids];
      return orUnavailable(endSurplus(redis, keysFor(shardOf(subject, shards), subject, ids), args));
    },

    /** Ends the sessions that end with a sign-out at a provider. Returns the ids and clients of those that it ended. */
    async endElsewhere(
      subject: string,
      signOut: SignOutElsewhere,
      reason: EndReason,
    ): Promise<{ sessionId: string; clientId: string }[]> {
      const ids = await allIdsOf(subject);
      const records = await orUnavailable(
        Promise.all(ids.map((id) => redis.hmget(sessionKey(id), 'm', 'q', 'b', 'c'))),
      );
      const clients = new Map<string, string>();
      for (const [index, [provider, sid, startedAt, client]] of records.entries()) {
        if (endsWith(signOut, { provider, sid, startedAt: Number(startedAt) }))
          clients.set(ids[index] as string, client ?? '');
      }
      const ended = await endThese({ shard: shardOf(subject, shards), subject }, [...clients.keys()], reason);
      return ended.map((sessionId) => ({ sessionId, clientId: clients.get(sessionId) ?? '' }));
    },

    /**
     * Ends the oldest sessions until `maxSessions` are left, but never this one, which has just begun; returns the ids
     * of those that it ended.
     */
    async endOldest({ subject, sessionId }: Pick<SessionGrant, 'subject' | 'sessionId'>): Promise<string[]> {
      const shard = shardOf(subject, shards);
      const ids = await orUnavailable(redis.zrange(sessionsOfSubjectKey(shard, subject), '0', '-1'));
      if (ids.length <= maxSessions) return [];
      const others = oldestFirst(ids).filter((id) => id !== sessionId);
      return endThese({ shard, subject }, others.slice(0, ids.length - maxSessions), 'too_many');
    },
  };

  /** By when they began: lists are in order of expiry, and lifetimes differ. */
  function oldestFirst(ids: readonly string[]): string[] {
    const now = clock();
    const bornOf = (id: string) => bornAt(id, now) ?? 0;
    return ids.toSorted((one, other) => bornOf(one) - bornOf(other));
  }

  function liveIdsOf(subject: string): Promise<string[]> {
    const key = sessionsOfSubjectKey(shardOf(subject, shards), subject);
    return orUnavailable(redis.zrangebyscore(key, clock(), '+inf'));
  }

  /**
   * Includes sessions that have expired by our clock: it may be ahead, and they would live on once it is corrected.
   * Confirms the data set first, because a Redis that may have lost its data might not list all sessions.
   */
  async function allIdsOf(subject: string): Promise<string[]> {
    const shard = shardOf(subject, shards);
    const found = orUnavailable(redis.zrange(sessionsOfSubjectKey(shard, subject), '0', '-1'));
    const [ids] = await Promise.all([found, dataSets.confirmMost(shard)]);
    return ids;
  }

  async function endThese(
    { shard, subject }: { shard: number; subject: string },
    ids: readonly string[],
    reason: EndReason,
  ): Promise<string[]> {
    if (ids.length === 0) return [];
    const keys = keysFor(shard, subject, ids);
    return orUnavailable(endSessions(redis, keys, [subject, clock(), reason, revocationTtlMs, ...ids]));
  }
}

/** The keys of the scripts that end sessions. */
function keysFor(shard: number, subject: string, ids: readonly string[]): string[] {
  return [
    sessionsOfSubjectKey(shard, subject),
    revocationsKey(shard),
    revocationHeadKey(shard),
    ...ids.map(sessionKey),
  ];
}
