import { subscribe } from 'node:diagnostics_channel';
import { type Authentication, callerOf, type Refusal } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';

type Actor = NonNullable<Authentication['actor']>;

/**
 * The span attributes about a request's token: its claims, or the check that refused it. Never the token itself.
 *
 * @returns a function from an answered request to the attributes of its span
 * @example
 * const tokenAttributesOf = followTokens();
 * tokenAttributesOf(request); // { 'latchkey.token.sub': '…', … }
 */
export function followTokens(): (request: FastifyRequest) => Record<string, string | undefined> {
  const refused = new WeakMap<FastifyRequest, string>();
  subscribe('@latchkey/auth-client:refused', (message) => {
    const { request, error } = message as Refusal;
    refused.set(request, error.reason);
  });
  return (request) => {
    const refusedBy = refused.get(request);
    if (refusedBy !== undefined) return { 'latchkey.token.refused_by': refusedBy };
    const caller = callerOf(request);
    if (caller === null) return {};
    return {
      'latchkey.token.sub': caller.subject,
      'latchkey.token.sid': caller.sessionId,
      'latchkey.token.client_id': caller.clientId,
      'latchkey.token.act': actorsOf(caller.actor),
      'latchkey.token.scope': [...caller.scopes].join(' '),
      'latchkey.token.kid': caller.keyId,
    };
  };
}

/** Outermost first. */
function actorsOf(actor: Actor | undefined): string | undefined {
  const names: string[] = [];
  for (let current = actor; current !== undefined; current = current.actor) names.push(current.subject);
  return names.length === 0 ? undefined : names.join(' ');
}
