import type { Authentication } from '@latchkey/auth-client';
import { ProblemError } from '@latchkey/service-kit';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { Client } from '../clients/clients.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { SubjectTokens } from './subject-tokens.ts';
import { TokenError } from './token-error.ts';
import { noneIfInvalid } from './token-revocation.ts';

export type IntrospectionParts = {
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  /** Knows what was revoked. */
  readonly subjectTokens: SubjectTokens;
  /** Whether what is known to be revoked is complete. */
  readonly isComplete: () => boolean;
};

/**
 * Resolves to what the token says if it is good at the service that asks, now; to undefined whatever else it is.
 */
export type Introspect = (client: Client, token: string) => Promise<Authentication | undefined>;

/**
 * A service asks about an access token that was sent to it (RFC 7662), instead of verifying it and following the feed.
 * A token is active if the service would take it by itself, and besides its session lives, at this moment, and has not
 * changed since. Refresh tokens are never active: no service has any business with them.
 *
 * Rejects with TokenError `invalid_client` for a client that is not a service; with ProblemError 503 when Redis does not
 * answer, or what was revoked is not known: then nothing is said about the token.
 */
export function createIntrospection(parts: IntrospectionParts): Introspect {
  const { sessions, clientStatuses, subjectTokens, isComplete } = parts;

  return async (client, token) => {
    if (client.kind !== 'service') throw new TokenError('invalid_client', 'Only a service may ask.');
    if (!isComplete()) throw notComplete();
    const verified = await subjectTokens.verify(token, client.id).catch(noneIfInvalid);
    if (verified === undefined || clientStatuses.isRevoked(verified.clientId)) return;
    if (verified.isService) return verified;
    const session = await sessions.find(verified.subject, verified.sessionId);
    return session !== undefined && verified.issuedAt >= session.issuedFrom ? verified : undefined;
  };
}

function notComplete(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'revocations_stale',
    detail: 'What was revoked is not known completely at the moment. Try again.',
    headers: { 'retry-after': '1' },
  });
}
