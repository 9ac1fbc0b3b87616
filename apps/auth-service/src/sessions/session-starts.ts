import type { RedisClient } from '../redis/client.ts';
import {
  issuedFromKey,
  revocationHeadKey,
  revocationsKey,
  sessionKey,
  sessionsOfSubjectKey,
  shardOf,
} from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { loadScript } from '../redis/script.ts';
import type { DataSets } from '../revocation/log/data-sets.ts';
import { type CodeToRedeem, codeKeys } from './authorization-code.ts';
import type { Elsewhere } from './elsewhere.ts';
import { type MacKeys, writeRefreshToken } from './refresh-token.ts';
import type { SessionGrant } from './session.ts';
import { createSessionId } from './session-id.ts';
import { recordOf } from './session-record.ts';
import type { SessionsOfSubject } from './sessions-of-subject.ts';

/** Not 1, because Redis stores small numbers in fewer bytes, and a session must not grow as it is used. */
export const firstGeneration = 100_000;

const script = (file: string) => new URL(file, import.meta.url);
const publishRevocation = script('../revocation/log/scripts/publish-revocation.lua');
const startSession = loadScript<number>('startSession', [
  publishRevocation,
  script('./scripts/start-session.lua'),
]);
const redeemCode = loadScript<number | CodeRefusal>('redeemCode', [
  publishRevocation,
  script('./scripts/end-session.lua'),
  script('./scripts/redeem-code.lua'),
  script('./scripts/start-session.lua'),
]);

type CodeRefusal = readonly ['UNKNOWN'] | readonly ['OVER'] | readonly ['USED', sessionId: string];

export type SessionStartOptions = {
  readonly redis: RedisClient;
  readonly macKeys: MacKeys;
  readonly shards: number;
  /** The absolute lifetime of a session. Nothing extends it (RFC 10017). */
  readonly sessionSeconds: number;
  /** How long an access token can stay valid after its session ended: its lifetime plus clock skew. */
  readonly revocationSeconds: number;
  /** Decides whether a code or its login that was not found does not exist. */
  readonly dataSets: Pick<DataSets, 'confirm'>;
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
  /** When the person authenticated, in seconds since the epoch; default: now. */
  readonly authTime?: number | undefined;
  /** The thumbprint of the key to which the session is bound; undefined for none. */
  readonly boundTo?: string | undefined;
  /** Where they did, if not here. */
  readonly elsewhere?: Elsewhere | undefined;
  /** The most that the session may live; default: `sessionSeconds`. */
  readonly lifetimeSeconds?: number | undefined;
};

/** A session that has just started. `displaced`: the sessions that were ended to make room for it. */
export type StartedSession = {
  readonly grant: SessionGrant;
  readonly refreshToken: string;
  readonly displaced: readonly string[];
};

/** Why a code was refused. `endedSession`: the session that it had started; this second use has ended it. */
export class CodeRefusedError extends Error {
  readonly verdict: CodeRefusal[0];
  readonly endedSession: string | undefined;

  constructor([verdict, endedSession]: CodeRefusal) {
    super(`code ${verdict}`);
    this.name = 'CodeRefusedError';
    this.verdict = verdict;
    this.endedSession = endedSession;
  }
}

/** The two ways in which a session starts. Each is one atomic script. */
export function createSessionStarts(
  options: SessionStartOptions,
  { endOldest }: { readonly endOldest: SessionsOfSubject['endOldest'] },
) {
  const { redis, macKeys, shards, dataSets, clock } = options;
  const signingKey = macKeys[0];

  return {
    /** Starts a session, always under a new id. */
    start: (session: NewSession): Promise<StartedSession> =>
      begin(session, (keys, args) => orUnavailable(startSession(redis, keys, args))),

    /**
     * Redeems an authorization code and starts the session in the same step. A second redemption ends the session that
     * the first one started (RFC 9700 §2.1.1).
     *
     * Rejects with CodeRefusedError.
     */
    startByCode: (session: NewSession, code: CodeToRedeem): Promise<StartedSession> =>
      begin(session, async (keys, args) => {
        const proof = [code.clientId, code.redirectUri, code.challenge];
        const ofCode = codeKeys(code);
        const reply = await orUnavailable(redeemCode(redis, [...keys, ...ofCode], [...args, ...proof]));
        if (typeof reply !== 'number') await confirmRefusal(reply, code.shard, ofCode);
        return reply;
      }),
  };

  /** A refusal that may only mean that the code or its login is missing. */
  async function confirmRefusal(
    [verdict]: CodeRefusal,
    shard: number,
    [code, login]: ReturnType<typeof codeKeys>,
  ): Promise<void> {
    if (verdict !== 'USED') await dataSets.confirm(shard, verdict === 'OVER' ? login : code);
  }

  async function begin(
    session: NewSession,
    run: (keys: readonly string[], args: readonly (string | number)[]) => Promise<number | CodeRefusal>,
  ): Promise<StartedSession> {
    const now = clock();
    const shard = shardOf(session.subject, shards);
    const sessionId = createSessionId(shard, now);
    const lifetimeSeconds = Math.min(
      options.sessionSeconds,
      session.lifetimeSeconds ?? options.sessionSeconds,
    );
    const requested = {
      sessionId,
      subject: session.subject,
      clientId: session.clientId,
      roles: session.roles,
      scopes: session.scopes,
      authTime: session.authTime ?? Math.floor(now / 1000),
      elsewhere: session.elsewhere,
      boundTo: session.boundTo,
      expiresAt: now + lifetimeSeconds * 1000,
      readAt: now,
    };
    const keys = [
      sessionKey(sessionId),
      sessionsOfSubjectKey(shard, session.subject),
      issuedFromKey(shard, session.subject),
      revocationsKey(shard),
      revocationHeadKey(shard),
    ];
    const record = recordOf(requested, { ...session, generation: firstGeneration, kid: signingKey.kid });
    const args = [sessionId, now, requested.expiresAt, options.revocationSeconds * 1000, ...record];
    const reply = await run(keys, args);
    if (typeof reply !== 'number') throw new CodeRefusedError(reply);
    const grant: SessionGrant = { ...requested, issuedFrom: reply };
    const { clientId } = grant;
    const refreshToken = writeRefreshToken({
      sessionId,
      generation: firstGeneration,
      clientId,
      key: signingKey,
    });
    return { grant, refreshToken, displaced: await endOldest(grant) };
  }
}
