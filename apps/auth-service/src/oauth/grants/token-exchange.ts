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
import { honoured } from '../../tokens/issued-from.ts';
import type { SubjectTokens } from '../subject-tokens.ts';
import type { TokenAnswer } from '../token-answer.ts';
import { TokenError, type TokenErrorCode } from '../token-error.ts';
import { ACCESS_TOKEN_TYPE, readExchange } from './exchange-parameters.ts';
import type { Grant, GrantRequest } from './grant.ts';

export type TokenExchangeParts = {
  readonly policy: DelegationPolicy;
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly subjectTokens: SubjectTokens;
  readonly issueAccessToken: AccessTokenIssuer;
  readonly audit: Pick<AuditLog, 'record'>;
};

/**
 * grant_type token-exchange (RFC 8693): a service shows the access token that a person sent to it, and gets one to call
 * one other service with on their behalf. The new token names the person as before, and in `act` who acts for them;
 * it has fewer scopes, one audience, and never a longer life.
 *
 * Refuses with `invalid_grant` when the person's token is no good or their session has ended, `invalid_target` and
 * `invalid_scope` when the policy does not allow it, `unauthorized_client` to all but services.
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
    if (person.issuedAt < honoured(session.issuedFrom, Math.floor(session.readAt / 1000)))
      throw refuse('invalid_grant', 'The subject_token is revoked.', { audience, reason: 'token_revoked' });
    // What the token says, less what has been taken from the person since. No actor's own scope is among it: what was
    // delegated to one service is not passed on to a third.
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
      throw refuse(error, DESCRIPTIONS[error], { audience, reason, actors: [actor.id, ...actors] });
    }

    const { scopes } = decision;
    const claims = delegatedClaims(
      { sub: person.subject, sid: person.sessionId, authTime: person.authTime, acr: person.acr },
      { actors: decision.actors, audience, scopes },
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
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: 'Bearer',
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
      throw refusal(request)('invalid_grant', INVALID_SUBJECT, { reason: error.reason });
    }
    // A service that shows another service's own token acts for nobody.
    if (subject.isService)
      throw refusal(request)('invalid_grant', INVALID_SUBJECT, { reason: 'service_token' });
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

const INVALID_SUBJECT = 'The subject_token is not valid, or was not sent to this client.';

const DESCRIPTIONS = {
  invalid_target: 'This client may not act for this person at that service.',
  invalid_scope: 'This client may not have that scope on behalf of this person.',
} as const;

function serviceOrRefused({ client }: GrantRequest): ServiceClient {
  if (client.kind === 'service') return client;
  throw new TokenError('unauthorized_client', 'This client acts for nobody: the person uses it themselves.');
}

function about({ client, origin }: GrantRequest, person?: UserAuthentication) {
  return { ...origin, clientId: client.id, subject: person?.subject, sessionId: person?.sessionId };
}

/** The latest first. */
function actorsOf(actor: Actor | undefined): string[] {
  return actor === undefined ? [] : [actor.subject, ...actorsOf(actor.actor)];
}
