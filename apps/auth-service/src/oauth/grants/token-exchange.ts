import { type Actor, AuthError, type Authentication, type UserAuthentication } from '@latchkey/auth-client';
import type { AuditDetails } from '../../audit/audit-event.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { ServiceClient } from '../../clients/clients.ts';
import type { DelegationPolicy } from '../../permissions/delegation-policy.ts';
import { decideDelegation } from '../../permissions/delegation-rules.ts';
import type { SessionStore } from '../../sessions/session-store.ts';
import { limitsOf, scopesOfGrant } from '../../sessions/session-tokens.ts';
import type { AccessTokenIssuer } from '../../tokens/access-token.ts';
import { delegatedClaims } from '../../tokens/claims.ts';
import { effectiveIssuedFrom } from '../../tokens/issued-from.ts';
import type { SubjectTokens } from '../subject-tokens.ts';
import type { TokenAnswer } from '../token-answer.ts';
import { TokenError, type TokenErrorCode } from '../token-error.ts';
import { accessTokenType, readExchange } from './exchange-parameters.ts';
import type { Grant, GrantRequest } from './grant.ts';

export type TokenExchangeParts = {
  readonly policy: DelegationPolicy;
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly subjectTokens: SubjectTokens;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: Pick<AuditLog, 'record'>;
};

/**
 * grant_type token-exchange (RFC 8693). A service presents the access token that a person sent to it, and gets a token
 * for calling one other service on that person's behalf. The new token keeps the person as subject and names the acting
 * service in `act`. It has no more scopes, one audience, and no later expiry.
 *
 * Refuses with `invalid_grant` when the person's token is not valid or their session has ended, with `invalid_target`
 * or `invalid_scope` when the policy does not allow the exchange, and with `unauthorized_client` for clients that are
 * not services.
 */
export function createTokenExchangeGrant(parts: TokenExchangeParts): Grant {
  const { policy, issueAccessToken, audit } = parts;

  return async (request) => {
    const actor = serviceOrRefused(request);
    const exchange = readExchange(request.parameters);
    const { audience } = exchange;
    const person = await verify(exchange.subjectToken, actor, request);
    const refuse = refusal(request, person);

    const session = await parts.sessions.find(person.subject, person.sessionId);
    if (session === undefined)
      throw refuse('invalid_grant', 'The session has ended.', { audience, reason: 'session_ended' });
    if (person.issuedAt < effectiveIssuedFrom(session.issuedFrom, Math.floor(session.readAt / 1000)))
      throw refuse('invalid_grant', 'The subject_token is revoked.', { audience, reason: 'token_revoked' });
    // The token's scopes, without those that the person has lost since. Actor scopes are not among them, so a scope
    // that was delegated to one service is not passed on to a third.
    const heldScopes = scopesOfGrant(session).filter((scope) => person.scopes.has(scope));
    const actors = actorsOf(person.actor);
    const decision = decideDelegation(policy, {
      actor: actor.id,
      audience,
      heldScopes,
      actors,
      askedScopes: exchange.askedScopes,
    });
    if (!decision.allowed) {
      const { error, reason } = decision;
      throw refuse(error, descriptions[error], { audience, reason, actors: [actor.id, ...actors] });
    }

    const { scopes } = decision;
    const claims = delegatedClaims(
      { sub: person.subject, sid: person.sessionId, authTime: person.authTime, acr: person.acr },
      { actors: decision.actors, audience, scopes, boundTo: request.proven },
    );
    const { token, expiresInSeconds } = await issueAccessToken(claims, {
      ...limitsOf(session),
      expiresBy: person.expiresAt,
    });
    audit.record({
      event: 'token.exchanged',
      ...about(request, person),
      details: { audience, scopes, actors: decision.actors },
    });
    return {
      access_token: token,
      issued_token_type: accessTokenType,
      token_type: request.proven === undefined ? 'Bearer' : 'DPoP',
      expires_in: expiresInSeconds,
      scope: scopes.join(' '),
    } satisfies TokenAnswer;
  };

  async function verify(
    token: string,
    actor: ServiceClient,
    request: GrantRequest,
  ): Promise<UserAuthentication> {
    let subject: Authentication;
    try {
      subject = await parts.subjectTokens.verify(token, actor.id);
    } catch (error) {
      if (!(error instanceof AuthError) || error.status === 503) throw error;
      const description = error.reason === 'encrypted' ? encryptedSubject : invalidSubject;
      throw refusal(request)('invalid_grant', description, { reason: error.reason });
    }
    // Another service's own token has no person on whose behalf to act.
    if (subject.isService)
      throw refusal(request)('invalid_grant', invalidSubject, { reason: 'service_token' });
    return subject;
  }

  function refusal(request: GrantRequest, person?: UserAuthentication) {
    return (error: TokenErrorCode, description: string, details: AuditDetails): TokenError => {
      audit.record({
        event: 'token.exchange_refused',
        ...about(request, person),
        details: { error, ...details },
      });
      return new TokenError(error, description);
    };
  }
}

const invalidSubject = 'The subject_token is not valid, or was not sent to this client.';

const encryptedSubject =
  'The subject_token is encrypted. Present the signed token inside it: only the service that it is for can open it.';

const descriptions = {
  invalid_target: 'This client may not act for this person at that service.',
  invalid_scope: 'This client may not have that scope on behalf of this person.',
} as const;

function serviceOrRefused({ client }: GrantRequest): ServiceClient {
  if (client.kind === 'service') return client;
  throw new TokenError('unauthorized_client', 'This client may not act for anyone: only services may.');
}

function about({ client, origin }: GrantRequest, person?: UserAuthentication) {
  return { ...origin, clientId: client.id, subject: person?.subject, sessionId: person?.sessionId };
}

/** The most recent actor first. */
function actorsOf(actor: Actor | undefined): string[] {
  return actor === undefined ? [] : [actor.subject, ...actorsOf(actor.actor)];
}
