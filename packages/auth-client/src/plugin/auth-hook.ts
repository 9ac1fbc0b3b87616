import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { AuthClientError, AuthError, asAuthError } from '../errors.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Authentication, UserAuthentication } from '../token/authentication.ts';
import { bearerToken } from '../token/bearer-token.ts';
import { type Route, refuse } from './refuse.ts';
import { checkRequirements } from './requirements.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** A hook that lets a request pass or answers it. Works as onRequest (the right place), preValidation or preHandler. */
export type AuthHook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/** Where a request keeps what its token says. */
export const slot = Symbol('latchkey authentication');
/** Where an app keeps what handlers need to refuse requests by themselves, and other plugins to know what we know. */
export const surroundings = Symbol('latchkey surroundings');

export interface Surroundings {
  realm: string;
  clock: Clock;
  /** Null: nobody tells this service what has been revoked. */
  revocations: RevocationList | null;
}

declare module 'fastify' {
  interface FastifyInstance {
    [surroundings]: Surroundings;
  }
  interface FastifyRequest {
    [slot]: Authentication | null;
  }
}

/** The getter behind request.caller. */
export function callerOfRequest(this: FastifyRequest): Authentication {
  const authentication = this[slot];
  if (authentication) return authentication;
  throw new AuthClientError(
    'auth_not_declared',
    'request.auth was read on a route without auth: declare onRequest: app.requireScope(…) or app.authenticate on it',
  );
}

/**
 * What the token of a request says that was let in; null where none was asked for, or none was good. For hooks that see
 * every request, such as telemetry's: a handler asks `request.caller`.
 *
 * @example app.addHook('onResponse', async (request) => count(callerOf(request)?.clientId))
 */
export function callerOf(request: FastifyRequest): Authentication | null {
  return request[slot] ?? null;
}

/** The getter behind request.auth: fails closed for a service's own token, where a route lets services in. */
export function userOfRequest(this: FastifyRequest): UserAuthentication {
  const { caller } = this;
  if (caller.isService) throw new AuthError('user_required');
  return caller;
}

export interface HookContext extends Omit<Surroundings, 'realm'> {
  verifier: TokenVerifier;
}

/** Callback-style and without a promise on the usual path: a cached token costs a lookup and a few comparisons. */
export function createHook({ verifier, clock, revocations }: HookContext, route: Route): AuthHook {
  function admit(request: FastifyRequest, authentication: Authentication): void {
    checkRequirements(authentication, { requirements: route, clock, revocations });
    request[slot] = authentication;
  }

  return function authenticate(request, reply, done) {
    let result: Authentication | Promise<Authentication>;
    try {
      result = request[slot] ?? verifier.verify(bearerToken(request.raw.rawHeaders));
      if (!(result instanceof Promise)) admit(request, result);
    } catch (error) {
      refuse(asAuthError(error), { request, reply, route });
      return;
    }
    if (!(result instanceof Promise)) {
      done();
      return;
    }
    result
      .then((authentication) => admit(request, authentication))
      .then(
        () => done(),
        (error: unknown) => refuse(asAuthError(error), { request, reply, route }),
      );
  };
}
