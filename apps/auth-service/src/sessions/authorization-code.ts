import { createHash, randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/client.ts';
import { codeKey, loginKey, shardOf } from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { loadScript } from '../redis/script.ts';
import type { DataSets } from '../revocation/log/data-sets.ts';
import { isPersonalClaim, type PersonalClaim } from '../tokens/personal-claims.ts';
import { type Elsewhere, elsewhereFields, elsewhereFrom } from './elsewhere.ts';

/** RFC 6749 §4.1.2 recommends ten minutes at most. A client redeems its code at once. */
export const codeSeconds = 60;

const issueCode = loadScript<number>('issueCode', [new URL('./scripts/issue-code.lua', import.meta.url)]);

/** The record's fields, in the order in which they are read. */
const fields = [
  'subject',
  'client',
  'redirect_uri',
  'challenge',
  'login',
  'scopes',
  'auth_time',
  'nonce',
  'id_token_claims',
  'provider',
  'provider_sid',
  'returned_at',
  'jkt',
] as const;

/** What a person granted to a client by one authorization request. */
export type CodeGrant = {
  readonly subject: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** S256 (RFC 7636 §4.2). */
  readonly challenge: string;
  /** Undefined for everything that the person's roles allow. */
  readonly scopes: readonly string[] | undefined;
  readonly nonce: string | undefined;
  /** What about the person the ID token should say. */
  readonly idTokenClaims: readonly PersonalClaim[];
  /** The digest of the login's id. */
  readonly login: string;
  /** In seconds since the epoch. */
  readonly authTime: number;
  readonly elsewhere: Elsewhere | undefined;
  /** The thumbprint of the key with which alone it can be redeemed; undefined for any. */
  readonly boundTo: string | undefined;
};

/** A code as the client presents it. */
export type CodeToRedeem = Pick<CodeGrant, 'clientId' | 'redirectUri' | 'challenge' | 'login'> & {
  readonly shard: number;
  readonly random: string;
};

export type AuthorizationCodes = ReturnType<typeof createAuthorizationCodes>;

/**
 * Authorization codes: `<shard>-<128 random bits>`. The shard is the person's, so that one script can redeem the code
 * and start the session.
 *
 * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer, or may just have lost a code that
 * is missing (see DataSets).
 *
 * @example
 * const code = await codes.issue(grant);
 * const found = await codes.read(code);
 */
export function createAuthorizationCodes({
  redis,
  shards,
  dataSets,
}: {
  readonly redis: RedisClient;
  readonly shards: number;
  /** Decides whether a code that was not found does not exist. */
  readonly dataSets: Pick<DataSets, 'confirm'>;
}) {
  return {
    async issue(grant: CodeGrant): Promise<string> {
      const shard = shardOf(grant.subject, shards);
      const random = randomBytes(16).toString('base64url');
      const record = {
        subject: grant.subject,
        client: grant.clientId,
        redirect_uri: grant.redirectUri,
        challenge: grant.challenge,
        login: grant.login,
        auth_time: grant.authTime,
        ...elsewhereFields(grant.elsewhere, ['provider', 'provider_sid', 'returned_at']),
        ...(grant.boundTo === undefined ? {} : { jkt: grant.boundTo }),
        ...(grant.scopes === undefined ? {} : { scopes: grant.scopes.join(' ') }),
        ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
        ...(grant.idTokenClaims.length > 0 && { id_token_claims: grant.idTokenClaims.join(' ') }),
      };
      const args = [codeSeconds * 1000, ...Object.entries(record).flat()];
      await orUnavailable(issueCode(redis, [codeKey(shard, random)], args));
      return `${shard}-${random}`;
    },

    /**
     * Reads what a code was issued for; undefined when there is no such code. Does not use it: redeeming checks again,
     * in one step.
     */
    async read(code: string): Promise<(CodeGrant & { shard: number; random: string }) | undefined> {
      const [, digits, random = ''] = /^(\d{1,4})-([\w-]{22})$/.exec(code) ?? [];
      const shard = Number(digits);
      if (digits === undefined || shard >= shards) return undefined;
      const values = await orUnavailable(redis.hmget(codeKey(shard, random), ...fields));
      const [
        subject,
        clientId,
        redirectUri,
        challenge,
        login,
        scopes,
        authTime,
        nonce,
        idTokenClaims,
        provider,
        providerSid,
        returnedAt,
        boundTo,
      ] = values;
      if (!subject || !clientId || !redirectUri || !challenge || !login) {
        await dataSets.confirm(shard);
        return undefined;
      }
      return {
        shard,
        random,
        subject,
        clientId,
        redirectUri,
        challenge,
        login,
        scopes: scopes == null ? undefined : scopes.split(' '),
        authTime: Number(authTime),
        elsewhere: elsewhereFrom(provider, providerSid, returnedAt),
        boundTo: boundTo ?? undefined,
        nonce: nonce ?? undefined,
        idTokenClaims: (idTokenClaims ?? '').split(' ').filter(isPersonalClaim),
      };
    },
  };
}

/** The keys of redeem-code.lua, after those of start-session.lua. */
export function codeKeys({ shard, random, login }: CodeToRedeem): [code: string, login: string] {
  return [codeKey(shard, random), loginKey(shard, login)];
}

/** RFC 7636 §4.6: the challenge that belongs to a verifier. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url');
}
