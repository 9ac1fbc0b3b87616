/** What a session was granted: all that an access token of it is made from. */
export type SessionGrant = {
  readonly sessionId: string;
  readonly subject: string;
  readonly clientId: string;
  readonly roles: readonly string[];
  /** The scopes that the sign-in asked for, when it asked for fewer than the roles allow. */
  readonly scopes: readonly string[] | undefined;
  /** When the person last proved who they are, in seconds since the epoch. */
  readonly authTime: number;
  /** When the session ends whatever happens, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Its access tokens from before this second (since the epoch) are revoked, and new ones say no earlier one; or 0. */
  readonly issuedFrom: number;
  /** Our time before it was read, in milliseconds since the epoch. What is made from it says no later one. */
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
};

/**
 * What presenting a refresh token meant. ROTATED, REPLAYED and ADOPTED succeed; the others are invalid_grant.
 *
 * - ROTATED: the current generation; the next one was issued.
 * - REPLAYED: the generation before, moments after the rotation (a lost reply, two tabs); the same successor again.
 * - ADOPTED: a generation that the store does not know of but our MAC proves: it lost writes in a failover.
 * - REUSED: a generation long since replaced: somebody has a copy. The session is dead.
 * - LOST: we issued it, its session has not ended, and the store does not have it any more.
 */
export type RefreshVerdict =
  | 'ROTATED'
  | 'REPLAYED'
  | 'ADOPTED'
  | 'REUSED'
  | 'REVOKED'
  | 'EXPIRED'
  | 'LOST'
  | 'UNKNOWN';

export type RefreshOutcome =
  | {
      readonly verdict: 'ROTATED' | 'REPLAYED' | 'ADOPTED';
      readonly grant: SessionGrant;
      readonly refreshToken: string;
    }
  | { readonly verdict: 'REUSED'; readonly grant: SessionGrant }
  /** `reason`: an EndReason, `reuse` or `session_lost`; missing when the session ended before reasons were kept. */
  | { readonly verdict: 'REVOKED'; readonly reason: string | undefined }
  /** `isNews`: it was evicted by itself, and nobody had noticed lately. */
  | { readonly verdict: 'LOST'; readonly sessionId: string; readonly isNews: boolean }
  | { readonly verdict: 'EXPIRED' | 'UNKNOWN' };

/**
 * Why a session was ended.
 *
 * - sign_out, ended_by_user, ended_all: its person asked, here, from another device, or for all of them
 * - replaced: the same browser signed in anew · too_many: the person signed in on more devices than are kept
 * - displaced: the person signed in with this client on more devices than its policy allows
 * - sign_in_failed: it had begun, but could not be handed over
 * - account_disabled, password_changed: so for all the person's sessions, or all others
 * - ended_by_operator: somebody who manages accounts · token_revoked: its client (RFC 7009)
 * - shards_changed: REDIS_SHARDS was changed, and its keys are no longer where its person's are
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
  | 'ended_by_operator'
  | 'token_revoked'
  | 'shards_changed';
