import { createHash, randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/client.ts';
import {
  loginKey,
  loginsOfSubjectKey,
  revocationHeadKey,
  revocationsKey,
  sessionsOfSubjectKey,
  shardOf,
} from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { loadScript } from '../redis/script.ts';
import type { DataSets } from '../revocation/log/data-sets.ts';
import {
  type Elsewhere,
  elsewhereFields,
  elsewhereFrom,
  endsWith,
  type SignOutElsewhere,
} from '../sessions/elsewhere.ts';
import type { EndReason } from '../sessions/session.ts';
import { endSessionParts } from '../sessions/sessions-of-subject.ts';
import { provenTime, unknownAuthTime } from '../tokens/claims.ts';

/** A login that is not used for this long ends. */
export const idleSeconds = 2 * 3600;
/** A login never lives longer. */
export const absoluteSeconds = 12 * 3600;
/** The most logins that a person can have at a time. Beyond that, the oldest ends. */
export const maxLogins = 50;
/** The form of a login’s id, the shard first. */
export const loginIdForm = /^(\d{1,4})-[\w-]{43}$/;

const script = (file: string) => new URL(file, import.meta.url);
const startLogin = loadScript<number>('startLogin', [script('./scripts/start-login.lua')]);
const useLogin = loadScript<
  [] | [subject: string, authTime: string, expiresAt: string, ...elsewhere: string[]]
>('useLogin', [script('./scripts/use-login.lua')]);
const endLogins = loadScript<(string | number)[]>(
  'endLogins',
  [...endSessionParts, script('./scripts/end-logins.lua')],
  { remembersReply: true },
);

/** One browser's sign-in at our own pages. */
export type Login = {
  readonly subject: string;
  /** When the person authenticated, in seconds since the epoch. */
  readonly authTime: number;
  /** When this login began, in seconds since the epoch. */
  readonly startedAt: number;
  /** The provider at which they authenticated; undefined when they typed their password here. */
  readonly elsewhere: Elsewhere | undefined;
  /**
   * When their password had last been changed as the login began, in ms since the epoch; 0 for never. Undefined for a
   * login of an earlier version.
   */
  readonly passwordChangedAt: number | undefined;
  /** Names the login in other records. It cannot be used as a cookie. */
  readonly digest: string;
};

type NamedLogin = Pick<Login, 'subject' | 'digest'>;

export type LoginOfSession = { readonly login: NamedLogin; readonly clientId: string };

/** What a provider said of a sign-in there. `authTime`: in seconds since the epoch, if it said so. */
export type SignInElsewhere = Pick<Elsewhere, 'provider' | 'sid'> & { readonly authTime: number | undefined };

/** A session that began with a login. */
export type SessionOfLogin = {
  readonly sessionId: string;
  readonly clientId: string;
  readonly subject: string;
  /** Whether it ended with the login; false if it had expired before. */
  readonly hasEnded: boolean;
};

export type LoginStore = ReturnType<typeof createLoginStore>;

/**
 * The logins in Redis. A login is what lets a browser skip the password at the next authorization request. It signs
 * nobody in at a service. Only its digest is stored, so a copy of Redis's data signs nobody in.
 *
 * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer, or may just have lost a login that
 * is missing (see DataSets).
 *
 * @example
 * const { id } = await logins.start(account.id);
 * const login = await logins.use(id);
 */
export function createLoginStore(options: {
  readonly redis: RedisClient;
  readonly shards: number;
  /** How long an access token can stay valid after its session ended: its lifetime plus clock skew. */
  readonly revocationSeconds: number;
  /** Decides whether a login that was not found does not exist. */
  readonly dataSets: Pick<DataSets, 'confirm'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}) {
  const { redis, shards, dataSets, clock } = options;

  return {
    /**
     * Starts a login under a new id, which is the value of its cookie: `<shard>-<256 random bits>`. `continues`: a login
     * of the same person, which it takes the place of, with its sessions.
     */
    async start(
      subject: string,
      {
        continues,
        elsewhere,
        passwordChangedAt = 0,
      }: {
        readonly continues?: Login | undefined;
        readonly elsewhere?: SignInElsewhere;
        readonly passwordChangedAt?: number | undefined;
      } = {},
    ): Promise<{ id: string; login: Login }> {
      const now = clock();
      const shard = shardOf(subject, shards);
      const id = `${shard}-${randomBytes(32).toString('base64url')}`;
      const digest = digestOf(id);
      const startedAt = Math.floor(now / 1000);
      const authTime = elsewhere === undefined ? startedAt : (elsewhere.authTime ?? unknownAuthTime);
      const known = elsewhere && {
        provider: elsewhere.provider,
        sid: elsewhere.sid,
        returnedAt: elsewhere.authTime === undefined ? startedAt : undefined,
      };
      const expiresAt = now + absoluteSeconds * 1000;
      const record = {
        subject,
        auth_time: authTime,
        expires_at: expiresAt,
        password_changed_at: passwordChangedAt,
        ...elsewhereFields(known, ['provider', 'provider_sid', 'returned_at']),
      };
      const previous = continues === undefined ? [] : [loginKey(shard, continues.digest)];
      const keys = [loginKey(shard, digest), loginsOfSubjectKey(shard, subject), ...previous];
      await orUnavailable(
        startLogin(redis, keys, [
          ...[digest, idleSeconds * 1000, expiresAt, maxLogins],
          ...Object.entries(record).flat(),
        ]),
      );
      return { id, login: { subject, authTime, startedAt, elsewhere: known, passwordChangedAt, digest } };
    },

    /** The login with this id; undefined when there is none. Using it extends its idle lifetime. */
    async use(id: string): Promise<Login | undefined> {
      const shard = shardIn(id);
      if (shard === undefined) return undefined;
      const digest = digestOf(id);
      const keys = [loginKey(shard, digest), loginsOfSubjectKey(shard, '')];
      const now = clock();
      const found = await orUnavailable(useLogin(redis, keys, [idleSeconds * 1000, now, digest]));
      const [subject, authTime, expiresAt, provider, sid, returnedAt, passwordChangedAt] = found;
      if (subject === undefined) {
        await dataSets.confirm(shard);
        return undefined;
      }
      return {
        subject,
        authTime: provenTime(Number(authTime), now / 1000),
        startedAt: startOf(expiresAt),
        elsewhere: elsewhereFrom(provider, sid, returnedAt),
        passwordChangedAt: passwordChangedAt ? Number(passwordChangedAt) : undefined,
        digest,
      };
    },

    /** The login that a session of this person began with, and the session's client; undefined when it is over. */
    async ofSession(subject: string, sessionId: string): Promise<LoginOfSession | undefined> {
      const shard = shardOf(subject, shards);
      const digests = await orUnavailable(redis.zrange(loginsOfSubjectKey(shard, subject), '0', '-1'));
      const field = `session:${sessionId}`;
      const found = digests.map(async (digest) => ({
        login: { subject, digest },
        clientId: await redis.hget(loginKey(shard, digest), field),
      }));
      for (const { login, clientId } of await orUnavailable(Promise.all(found)))
        if (clientId !== null) return { login, clientId };
      return undefined;
    },

    /**
     * Ends a login of this person and the sessions that began with it, in one step. Returns these sessions, and those
     * that had expired. Codes that the login granted cannot be redeemed any more.
     */
    end: ({ subject, digest }: NamedLogin, reason: EndReason): Promise<readonly SessionOfLogin[]> =>
      endThese(subject, reason, digest),

    /** Ends a login of this person and no session. Returns the sessions that began with it and have expired. */
    endAlone: ({ subject, digest }: NamedLogin): Promise<readonly SessionOfLogin[]> =>
      endThese(subject, '', digest),

    /** Ends the logins that end with a sign-out of this person at a provider. Returns their sessions, as `end` does. */
    async endElsewhere(
      subject: string,
      signOut: SignOutElsewhere,
      reason: EndReason,
    ): Promise<readonly SessionOfLogin[]> {
      const shard = shardOf(subject, shards);
      const digests = await orUnavailable(redis.zrange(loginsOfSubjectKey(shard, subject), '0', '-1'));
      const ended: SessionOfLogin[] = [];
      for (const digest of digests) {
        const fields = ['provider', 'provider_sid', 'expires_at'];
        const [provider, sid, expiresAt] = await orUnavailable(
          redis.hmget(loginKey(shard, digest), ...fields),
        );
        if (endsWith(signOut, { provider, sid, startedAt: startOf(expiresAt) }))
          ended.push(...(await endThese(subject, reason, digest)));
      }
      return ended;
    },

    /** Ends all logins of a person and no session. Returns the sessions that began with them and have expired. */
    endAll: (subject: string): Promise<readonly SessionOfLogin[]> => endThese(subject, ''),
  };

  async function endThese(
    subject: string,
    reason: EndReason | '',
    ...digest: string[]
  ): Promise<SessionOfLogin[]> {
    const shard = shardOf(subject, shards);
    const keys = [
      loginsOfSubjectKey(shard, subject),
      sessionsOfSubjectKey(shard, subject),
      revocationsKey(shard),
      revocationHeadKey(shard),
    ];
    const args = [loginKey(shard, ''), clock(), reason, options.revocationSeconds * 1000, ...digest];
    const found = await orUnavailable(endLogins(redis, keys, args));
    const sessions: SessionOfLogin[] = [];
    for (let index = 0; index < found.length; index += 3) {
      const [sessionId, clientId, ended] = found.slice(index, index + 3) as [string, string, number];
      sessions.push({ sessionId, clientId, subject, hasEnded: ended === 1 });
    }
    return sessions;
  }

  /** Undefined when we cannot have made the id. */
  function shardIn(id: string): number | undefined {
    const [, digits] = loginIdForm.exec(id) ?? [];
    return digits === undefined || Number(digits) >= shards ? undefined : Number(digits);
  }
}

/** A login lives for a fixed time, so its end says when it began. */
function startOf(expiresAt: string | null | undefined): number {
  return Math.floor(Number(expiresAt) / 1000) - absoluteSeconds;
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
