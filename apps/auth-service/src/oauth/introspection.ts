import type { Authentication } from '@latchkey/auth-client';
import { ProblemError } from '@latchkey/service-kit';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { ServiceClient } from '../clients/clients.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { effectiveIssuedFrom } from '../tokens/issued-from.ts';
import type { SubjectTokens } from './subject-tokens.ts';
import { noneIfInvalid } from './token-revocation.ts';

export type IntrospectionParts = {
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  /** Also checks revocations. */
  readonly subjectTokens: SubjectTokens;
  /** Whether the list of revocations is complete. */
  readonly isComplete: () => boolean;
};

/** Resolves to the token's content if it is active for this service, otherwise to undefined. */
export type Introspect = (service: ServiceClient, token: string) => Promise<Authentication | undefined>;

/**
 * Introspection (RFC 7662): a service asks about an access token that was sent to it, instead of verifying the token
 * and following the feed. A token is active if the service itself would accept it, its session is alive now, and the
 * session has not changed since the token was issued. Refresh tokens are never active: services do not use them.
 *
 * Rejects with ProblemError 503 when Redis does not answer or the list of revocations is incomplete. A 503 says nothing
 * about the token.
 */
export function createIntrospection(parts: IntrospectionParts): Introspect {
  const { sessions, clientStatuses, subjectTokens, isComplete } = parts;

  return async (service, token) => {
    if (!isComplete()) throw notComplete();
    const verified = await subjectTokens.verify(token, service.id).catch(noneIfInvalid);
    if (verified === undefined || clientStatuses.isRevoked(verified.clientId)) return;
    if (verified.isService) return verified;
    const session = await sessions.find(verified.subject, verified.sessionId);
    if (session === undefined) return;
    const issuedFrom = effectiveIssuedFrom(session.issuedFrom, Math.floor(session.readAt / 1000));
    return verified.issuedAt >= issuedFrom ? verified : undefined;
  };
}

function notComplete(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'revocations_stale',
    detail: 'The list of revocations is not complete at the moment. Try again.',
    headers: { 'retry-after': '1' },
  });
}
