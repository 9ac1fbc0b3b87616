import type { Elsewhere } from './elsewhere.ts';

/** What a session was granted: everything that its access tokens are made from. */
export type SessionGrant = {
  readonly sessionId: string;
  readonly subject: string;
  readonly clientId: string;
  readonly roles: readonly string[];
  /** The scopes that the sign-in asked for, when it asked for fewer than the roles allow. */
  readonly scopes: readonly string[] | undefined;
  /** When the person last proved who they are, in seconds since the epoch. */
  readonly authTime: number;
  /** The provider at which they did; undefined when they typed their password here. */
  readonly elsewhere: Elsewhere | undefined;
  /** The thumbprint of the client's key, without which its refresh tokens are worth nothing (RFC 9449 §5). */
  readonly boundTo: string | undefined;
  /** The session's absolute expiry, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Access tokens with an earlier `iat` are revoked, and new ones have no earlier `iat`; in seconds, 0 for none. */
  readonly issuedFrom: number;
  /** Our time before it was read, in milliseconds since the epoch. Tokens made from it have no later `iat`. */
  readonly readAt: number;
};

/** A session as its owner sees it in the list of devices. Times are milliseconds since the epoch. */
export type ListedSession = {
  readonly id: string;
  readonly clientId: string;
  readonly deviceName: string;
  /** An IPv4 address, or an IPv6 one's /64 network. */
  readonly address: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  /** Whether its tokens are worth nothing without the key of the device (RFC 9449). */
  readonly isBound: boolean;
  /** When its refresh token was last presented without that key, as by somebody who has copied it. */
  readonly foreignKeyAt: number | undefined;
};

/**
 * What presenting a refresh token meant. ROTATED, REPLAYED and ADOPTED succeed; the others are invalid_grant.
 *
 * - ROTATED: the current generation; the next one was issued.
 * - REPLAYED: the previous generation, moments after the rotation (a lost reply, two tabs); the same successor again.
 *   With the key of a bound session: one of the last eight, at any time.
 * - ADOPTED: a newer generation than the store has, proved by our MAC: the store lost writes in a failover.
 * - FOREIGN_KEY: the session is bound to a key, and the client did not prove that it has it. The
 *   session goes on; the list of devices shows when this happened.
 * - REUSED: a generation replaced long ago, so somebody has a copy. The session is ended.
 * - LOST: we issued it and its session has not expired, but the store no longer has the session.
 */
export const refreshVerdicts = [
  'ROTATED',
  'REPLAYED',
  'ADOPTED',
  'FOREIGN_KEY',
  'REUSED',
  'REVOKED',
  'EXPIRED',
  'LOST',
  'UNKNOWN',
] as const;
export type RefreshVerdict = (typeof refreshVerdicts)[number];

export type RefreshOutcome =
  | {
      readonly verdict: 'ROTATED' | 'REPLAYED' | 'ADOPTED';
      readonly grant: SessionGrant;
      readonly refreshToken: string;
    }
  | { readonly verdict: 'REUSED' | 'FOREIGN_KEY'; readonly grant: SessionGrant }
  /** `reason`: an EndReason, `reuse` or `session_lost`; missing when the session ended before reasons were kept. */
  | { readonly verdict: 'REVOKED'; readonly reason: string | undefined }
  /** `isNews`: Redis evicted this one session, and this is the first report of it. */
  | { readonly verdict: 'LOST'; readonly sessionId: string; readonly isNews: boolean }
  | { readonly verdict: 'EXPIRED' | 'UNKNOWN' };

/**
 * Why a session was ended.
 *
 * - sign_out, ended_by_user, ended_all: the person ended it on this device, from another device, or with all others
 * - replaced: the same browser signed in again · too_many: the person has more sessions than are kept
 * - displaced: the person signed in with this client on more devices than its policy allows
 * - sign_in_failed: the session had started, but its tokens could not be handed over
 * - account_disabled, password_changed: ended with all of the person's sessions, or all others
 * - ways_in_changed: an account at another provider was linked or unlinked
 * - signed_out_at_provider: the person signed out at the provider where they had signed in
 * - ended_by_operator: by an account manager · token_revoked: by its client (RFC 7009)
 * - code_reused: the authorization code that started it was presented again (RFC 9700 §2.1.1)
 * - consent_withdrawn: the person no longer allows its application anything
 * - shards_changed: REDIS_SHARDS was changed, so its keys are no longer in the person's shard
 */
export type EndReason =
  | 'sign_out'
  | 'ended_by_user'
  | 'ended_all'
  | 'replaced'
  | 'too_many'
  | 'displaced'
  | 'sign_in_failed'
  | 'account_disabled'
  | 'password_changed'
  | 'ways_in_changed'
  | 'signed_out_at_provider'
  | 'ended_by_operator'
  | 'token_revoked'
  | 'code_reused'
  | 'consent_withdrawn'
  | 'shards_changed';

/** Why a person's sessions end, except perhaps the one that asked for it, together with all of their logins. */
export const endsOfOthers: ReadonlySet<string> = new Set<EndReason>([
  'ended_all',
  'password_changed',
  'ways_in_changed',
]);

/** Why a session ends together with the login that it began with. Any other end leaves the login alone. */
export const endsOfLogins: ReadonlySet<string> = new Set<EndReason>([
  'sign_out',
  'ended_by_user',
  'ended_all',
  'account_disabled',
  'password_changed',
  'ways_in_changed',
  'signed_out_at_provider',
  'ended_by_operator',
]);
