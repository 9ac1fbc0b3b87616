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
import type { EndReason, ListedSession, SessionGrant } from './session.ts';
import { LISTED_FIELDS, listedFrom } from './session-record.ts';

/** The sessions that one person can have at a time. Beyond it the oldest ends. */
export const MOST_SESSIONS = 100;

const publishRevocation = new URL('../revocation/log/scripts/publish-revocation.lua', import.meta.url);
const endSessions = loadScript<string[]>('endSessions', [
  publishRevocation,
  new URL('./scripts/end-sessions.lua', import.meta.url),
]);
const endSurplus = loadScript<string[]>('endSurplus', [
  publishRevocation,
  new URL('./scripts/end-surplus.lua', import.meta.url),
]);
const renameSession = loadScript<(string | null)[]>('renameSession', [
  new URL('./scripts/rename-session.lua', import.meta.url),
]);
const changeRoles = loadScript<number>('changeRoles', [
  publishRevocation,
  new URL('./scripts/change-roles.lua', import.meta.url),
]);

export type SessionsOfSubjectOptions = {
  readonly redis: Redis;
  readonly shards: number;
  /** The longest that an access token can be valid after its session ended: its lifetime and the clocks' skew. */
  readonly revocationSeconds: number;
  /** Whether what is not found is not there. */
  readonly dataSets: Pick<DataSets, 'confirm' | 'confirmMost'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/**
 * What concerns the sessions of one person, who is always named: whoever asks cannot reach somebody else's by guessing
 * an id. Whatever ends, and whatever access tokens are no longer good, is on the feed by the same step.
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
    /** A person's living sessions, the last used first. */
    async list(subject: string): Promise<ListedSession[]> {
      const [ids] = await Promise.all([liveIdsOf(subject), dataSets.confirmMost(shardOf(subject, shards))]);
      const records = await orUnavailable(
        Promise.all(ids.map((id) => redis.hmget(sessionKey(id), ...LISTED_FIELDS))),
      );
      return records
        .flatMap((values, index) => listedFrom(ids[index] as string, values) ?? [])
        .sort((a, b) => b.lastUsedAt - a.lastUsedAt);
    },

    /**
     * Gives all living sessions of this person other roles: the next refresh of each brings the scopes of those, and the
     * access tokens from before are revoked. A change that is older than what a session has passes it over.
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
        changeRoles(redis, keys, [subject, clock(), revocationTtlMs, ...change, FURTHEST_AHEAD_SECONDS]),
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

    /** Ends one session of this person. Returns false when there is none, dead or somebody else's. */
    async end(subject: string, sessionId: string, reason: EndReason): Promise<boolean> {
      const shard = shardOf(subject, shards);
      if (shardOfSession(sessionId) !== shard) return false;
      if ((await endThese({ shard, subject }, [sessionId], reason)).length === 1) return true;
      await dataSets.confirm(shard, sessionKey(sessionId));
      return false;
    },

    /** Ends a session that is not in its person's shard, where they could neither see nor end it. */
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
     * Ends the oldest that the person of this new session has with its client, until there are `most`; returns the ids
     * of those that it ended. However many begin at once: when the last of them has done this, that many are left.
     */
    async endSurplus(
      { subject, clientId, sessionId }: Pick<SessionGrant, 'subject' | 'clientId' | 'sessionId'>,
      most: number,
    ): Promise<string[]> {
      const ids = await liveIdsOf(subject);
      const policy = [clientId, most, sessionId];
      const args = [subject, clock(), 'displaced', revocationTtlMs, ...policy, ...ids];
      return orUnavailable(endSurplus(redis, keysFor(shardOf(subject, shards), subject, ids), args));
    },

    /** Ends the oldest, until there are MOST_SESSIONS; returns the ids of those that it ended. */
    async endOldest(subject: string): Promise<string[]> {
      const shard = shardOf(subject, shards);
      // In order of expiry, and so of age.
      const surplus = await orUnavailable(
        redis.zrange(sessionsOfSubjectKey(shard, subject), '0', String(-MOST_SESSIONS - 1)),
      );
      return endThese({ shard, subject }, surplus, 'too_many');
    },
  };

  function liveIdsOf(subject: string): Promise<string[]> {
    const key = sessionsOfSubjectKey(shardOf(subject, shards), subject);
    return orUnavailable(redis.zrangebyscore(key, clock(), '+inf'));
  }

  /**
   * Also what has expired by our clock: that may be ahead, and when it is set right they would live on. None is elsewhere:
   * of a Redis that may have lost its data, those that are found here may not be all.
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

/** What the scripts that end sessions touch. */
function keysFor(shard: number, subject: string, ids: readonly string[]): string[] {
  return [
    sessionsOfSubjectKey(shard, subject),
    revocationsKey(shard),
    revocationHeadKey(shard),
    ...ids.map(sessionKey),
  ];
}
