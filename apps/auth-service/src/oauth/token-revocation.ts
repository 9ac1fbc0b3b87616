import { AuthError } from '@latchkey/auth-client';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Client } from '../clients/clients.ts';
import type { RevocationLog } from '../revocation/log/revocation-log.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { readPresentedToken } from './presented-token.ts';
import type { SubjectTokens } from './subject-tokens.ts';
import { TokenError } from './token-error.ts';

export type TokenRevocationParts = {
  readonly sessions: Pick<SessionStore, 'grantOf' | 'end'>;
  readonly subjectTokens: SubjectTokens;
  /** Publishes a revocation to all verifiers. */
  readonly publish: RevocationLog['publish'];
  readonly audit: Pick<AuditLog, 'record'>;
};

export type TokenRevocationRequest = {
  /** Authenticated, if it is a service. */
  readonly client: Client;
  readonly token: string;
  /** The thumbprint of the key that the request proves to have. */
  readonly proven: string | undefined;
  readonly origin: Origin;
};

export type RevokeToken = (request: TokenRevocationRequest) => Promise<void>;

/**
 * Token revocation (RFC 7009). A refresh token of any generation ends its session and with it all its access tokens. An
 * access token is revoked alone. A token that is invalid or belongs to another client is ignored, without an error.
 *
 * Rejects with TokenError `unsupported_token_type` for a JWT that is not an access token, or is encrypted, and
 * `invalid_dpop_proof` for a token that is bound to another key: who has copied a token must not sign its owner out with
 * it. Rejects with ProblemError 503 when Redis does not answer. After a 503 the token is still valid.
 */
export function createTokenRevocation(parts: TokenRevocationParts): RevokeToken {
  const { sessions, subjectTokens, publish, audit } = parts;

  return async (request) => {
    const presented = readPresentedToken(request.token);
    switch (presented.looksLike) {
      case 'refresh_token':
        return revokeRefreshToken(request);
      case 'access_token':
        return revokeAccessToken(request, presented.audiences);
      case 'encrypted_token':
        throw new TokenError(
          'unsupported_token_type',
          'Only the service that this token is for can open it. Revoke the refresh token instead.',
        );
      case 'other_token':
        throw new TokenError(
          'unsupported_token_type',
          'This is neither a refresh token nor an access token.',
        );
      case 'nothing':
        return;
    }
  };

  async function revokeRefreshToken({
    client,
    token,
    proven,
    origin,
  }: TokenRevocationRequest): Promise<void> {
    const grant = await sessions.grantOf(token, client.id);
    if (grant === undefined) return;
    refuseForeignKey(grant, proven);
    const { subject, sessionId, clientId } = grant;
    if (!(await sessions.end(subject, sessionId, 'token_revoked'))) return;
    const details = { reason: 'token_revoked' };
    audit.record({ event: 'session.ended', subject, sessionId, clientId, ...origin, details });
  }

  async function revokeAccessToken(
    { client, token, proven, origin }: TokenRevocationRequest,
    audiences: readonly string[],
  ): Promise<void> {
    const verified = await subjectTokens.verifyFor(token, audiences).catch(noneIfInvalid);
    if (verified?.clientId !== client.id) return;
    refuseForeignKey(verified, proven);
    const { tokenId, subject, sessionId, clientId } = verified;
    await publish({ kind: 'token', id: tokenId, reason: 'token_revoked' });
    const details = { token_id: tokenId };
    audit.record({ event: 'token.revoked', subject, sessionId, clientId, ...origin, details });
  }
}

function refuseForeignKey({ boundTo }: { boundTo?: string | undefined }, proven: string | undefined): void {
  if (boundTo !== undefined && boundTo !== proven)
    throw new TokenError('invalid_dpop_proof', 'This token is bound to a key. Prove that you have it.');
}

/** Returns undefined for an invalid token. Rethrows any other error, because it says nothing about the token. */
export function noneIfInvalid(error: unknown): undefined {
  if (error instanceof AuthError && error.status !== 503) return;
  throw error;
}
