import type { Origin } from '../../audit/audit-event.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { RefreshOutcome } from '../../sessions/session.ts';
import type { SessionStore } from '../../sessions/session-store.ts';
import type { AccessTokenIssuer } from '../access-token.ts';
import { type IssuedTokens, issueTokens, scopeNotGranted, scopesOfGrant } from '../issue-tokens.ts';
import { narrowScopes } from '../scope.ts';
import { sessionAnswerOf } from '../token-answer.ts';
import { TokenError } from '../token-error.ts';
import { askedScopes, type Grant } from './grant.ts';

export type RefreshTokenParts = {
  readonly sessions: SessionStore;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: AuditLog;
  /** Counts the verdicts. */
  readonly onVerdict: (verdict: RefreshOutcome['verdict']) => void;
};

export type PresentedRefreshToken = {
  readonly refreshToken: string;
  readonly clientId: string;
  readonly scopes?: readonly string[] | undefined;
  readonly origin: Origin;
};

const AUDITED = {
  REPLAYED: 'refresh.replayed',
  ADOPTED: 'refresh.adopted',
  REUSED: 'refresh.reused',
} as const;

/**
 * Exchanges a refresh token for the next one and an access token (RFC 6749 §6, with rotation as RFC 9700 §4.14.2 asks).
 *
 * Throws TokenError `invalid_grant` when the session is dead, expired, lost, unknown or now found to be stolen, all with the
 * same words, but for `reason` when it was ended or lost; `invalid_scope` when more scope is asked for than was granted.
 */
export async function refreshTokens(
  deps: RefreshTokenParts,
  presented: PresentedRefreshToken,
): Promise<IssuedTokens> {
  await refuseMoreScopesThanGranted(deps.sessions, presented);
  const outcome = await deps.sessions.refresh(presented.refreshToken, presented.clientId);
  deps.onVerdict(outcome.verdict);
  audit(deps.audit, outcome, presented);
  if (!('refreshToken' in outcome)) {
    const reason = reasonOf(outcome);
    throw new TokenError('invalid_grant', 'The refresh token is not valid any more. Sign in again.', {
      reason,
    });
  }
  return issueTokens(deps.issueAccessToken, outcome, presented.scopes);
}

/** Our MAC is in what was shown, so this tells nobody but those who were given it, or have a copy. */
function reasonOf(outcome: RefreshOutcome): string | undefined {
  if (outcome.verdict === 'REUSED') return 'reuse';
  if (outcome.verdict === 'LOST') return 'session_lost';
  return outcome.verdict === 'REVOKED' ? outcome.reason : undefined;
}

/** grant_type refresh_token (RFC 6749 §6), for clients that keep the token themselves. */
export function createRefreshTokenGrant(deps: RefreshTokenParts): Grant {
  return async ({ client, parameters, origin }) => {
    if (client.kind === 'browser') {
      throw new TokenError(
        'unauthorized_client',
        'This client refreshes at POST /sessions/refresh, by its cookie.',
      );
    }
    if (client.kind === 'service')
      throw new TokenError('unauthorized_client', 'Nobody signs in to a service.');
    const { refresh_token: refreshToken } = parameters;
    if (refreshToken === undefined)
      throw new TokenError('invalid_request', 'The parameter refresh_token is missing.');
    const scopes = askedScopes(parameters);
    return sessionAnswerOf(
      await refreshTokens(deps, { refreshToken, clientId: client.id, scopes, origin }),
      client,
    );
  };
}

/** Before the token is used up: a client that asks for too much can still ask again with the token that it has. */
async function refuseMoreScopesThanGranted(
  sessions: SessionStore,
  presented: PresentedRefreshToken,
): Promise<void> {
  if (presented.scopes === undefined) return;
  const grant = await sessions.grantOf(presented.refreshToken, presented.clientId);
  if (grant !== undefined && narrowScopes(scopesOfGrant(grant), presented.scopes) === undefined) {
    throw scopeNotGranted();
  }
}

function audit(log: AuditLog, outcome: RefreshOutcome, presented: PresentedRefreshToken): void {
  if (outcome.verdict === 'LOST' && outcome.isNews) {
    const { sessionId } = outcome;
    log.record({ event: 'session.lost', sessionId, clientId: presented.clientId, ...presented.origin });
  }
  if (outcome.verdict !== 'REPLAYED' && outcome.verdict !== 'ADOPTED' && outcome.verdict !== 'REUSED') return;
  log.record({
    event: AUDITED[outcome.verdict],
    subject: outcome.grant.subject,
    sessionId: outcome.grant.sessionId,
    clientId: outcome.grant.clientId,
    ...presented.origin,
  });
}
