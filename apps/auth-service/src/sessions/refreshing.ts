import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { PersonsClient } from '../clients/clients.ts';
import type { Target } from '../permissions/resource-urls.ts';
import { narrowScopes } from '../permissions/scope.ts';
import type { AccessTokenIssuer } from '../tokens/access-token.ts';
import type { TokenEncryption } from '../tokens/token-encryption.ts';
import type { RefreshOutcome, SessionGrant } from './session.ts';
import type { SessionStore } from './session-store.ts';
import {
  type IssuedTokens,
  issueTokens,
  limitToTarget,
  scopesOfGrant,
  untilEncryptable,
} from './session-tokens.ts';

export type RefreshingParts = {
  readonly sessions: Pick<SessionStore, 'refresh' | 'grantOf'>;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly encryption: TokenEncryption;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Counts the verdicts. */
  readonly onVerdict: (verdict: RefreshOutcome['verdict']) => void;
};

export type PresentedRefreshToken = {
  readonly refreshToken: string;
  readonly client: Pick<PersonsClient, 'id' | 'kind'>;
  readonly scopes?: readonly string[] | undefined;
  /** The only service that the access token shall be for. */
  readonly target?: Target | undefined;
  /** The thumbprint of the key that the client has just proved to have. */
  readonly proven?: string | undefined;
  readonly origin: Origin;
};

/** Why a refresh token was refused. Each endpoint reports it in its own form. */
export class RefreshRefusedError extends Error {
  /**
   * - foreign_key: the session is bound to a key that the client did not prove to have; the token stays valid
   * - session_over: the session has ended, expired, is lost or unknown, or its token was reused
   * - scope_not_granted: the request asks for more scopes than were granted; the token stays valid
   * - target_not_granted: the session has no scope of the service that the token shall be for; the token stays valid
   */
  readonly code: 'foreign_key' | 'session_over' | 'scope_not_granted' | 'target_not_granted';
  /** Why the session was ended, lost or refused, if that is known. */
  readonly reason: string | undefined;

  constructor(code: RefreshRefusedError['code'], reason?: string) {
    super(code);
    this.name = 'RefreshRefusedError';
    this.code = code;
    this.reason = reason;
  }
}

const audited = {
  REPLAYED: 'refresh.replayed',
  ADOPTED: 'refresh.adopted',
  REUSED: 'refresh.reused',
  FOREIGN_KEY: 'refresh.foreign_key',
} as const;

/**
 * Exchanges a refresh token for the next one and an access token (RFC 6749 §6, with rotation as RFC 9700 §4.14.2 asks).
 *
 * Does not check the client or its origin: the endpoint has done so.
 *
 * Rejects with RefreshRefusedError, and with ProblemError 503 when Redis does not answer, or when the token cannot be
 * encrypted; the refresh token is not used up then.
 */
export async function refreshTokens(
  parts: RefreshingParts,
  presented: PresentedRefreshToken,
): Promise<IssuedTokens> {
  await refuseWhatCannotBeIssued(parts, presented);
  const outcome = await parts.sessions.refresh(presented.refreshToken, presented.client.id, presented.proven);
  parts.onVerdict(outcome.verdict);
  audit(parts.audit, outcome, presented);
  if (outcome.verdict === 'FOREIGN_KEY') throw new RefreshRefusedError('foreign_key', 'foreign_key');
  if (!('refreshToken' in outcome)) throw new RefreshRefusedError('session_over', reasonOf(outcome));
  const { client, target } = presented;
  return issueTokens(parts.issueAccessToken, outcome, {
    scopes: scopesFor(outcome.grant, presented),
    client,
    target,
    boundTo: presented.proven,
  });
}

/** Throws RefreshRefusedError when the session has not got what the request asks for. */
function scopesFor(grant: SessionGrant, { scopes: asked, target }: PresentedRefreshToken): readonly string[] {
  const granted = narrowScopes(scopesOfGrant(grant), asked);
  if (granted === undefined) throw new RefreshRefusedError('scope_not_granted');
  const scopes = limitToTarget(granted, target);
  if (scopes === undefined) throw new RefreshRefusedError('target_not_granted');
  return scopes;
}

/** The token carries our MAC, so only its owner, or the holder of a copy, learns the reason. */
function reasonOf(outcome: RefreshOutcome): string | undefined {
  if (outcome.verdict === 'REUSED') return 'reuse';
  if (outcome.verdict === 'LOST') return 'session_lost';
  return outcome.verdict === 'REVOKED' ? outcome.reason : undefined;
}

/** Runs before the token is used, so that a client that asked for too much can ask again with the same token. */
async function refuseWhatCannotBeIssued(
  { sessions, encryption }: RefreshingParts,
  presented: PresentedRefreshToken,
): Promise<void> {
  const { refreshToken, client, scopes, target } = presented;
  // Our own clients' tokens are for auth-service as well, so they are encrypted for a target only.
  if (scopes === undefined && target === undefined && client.kind !== 'application') return;
  const grant = await sessions.grantOf(refreshToken, client.id);
  if (grant === undefined) return;
  await untilEncryptable(encryption, { scopes: scopesFor(grant, presented), client, target });
}

function isAudited(
  outcome: RefreshOutcome,
): outcome is Extract<RefreshOutcome, { verdict: keyof typeof audited }> {
  return Object.hasOwn(audited, outcome.verdict);
}

function audit(
  log: RefreshingParts['audit'],
  outcome: RefreshOutcome,
  { client: { id: clientId }, origin }: PresentedRefreshToken,
): void {
  if (outcome.verdict === 'LOST' && outcome.isNews)
    log.record({ event: 'session.lost', sessionId: outcome.sessionId, clientId, ...origin });
  if (!isAudited(outcome)) return;
  const { subject, sessionId } = outcome.grant;
  log.record({
    event: audited[outcome.verdict],
    subject,
    sessionId,
    clientId: outcome.grant.clientId,
    ...origin,
  });
}
