import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { AuthClientError, AuthError, asAuthError } from '../errors.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Authentication, UserAuthentication } from '../token/authentication.ts';
import { type PresentedToken, presentedToken } from '../token/presented-token.ts';
import type { Scheme } from './challenge.ts';
import { checkPossession, type PossessionPolicy } from './possession.ts';
import { type Route, refuse } from './refuse.ts';
import { checkRequirements } from './requirements.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** A hook that lets a request pass or answers it. Works as onRequest (the right place), preValidation or preHandler. */
export type AuthHook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/** The request's property that holds its authentication. */
export const authenticationKey = Symbol('latchkey authentication');
/** The app's property that holds what requireRecentSignIn and the service client need. */
export const appContext = Symbol('latchkey context');

export type AppContext = {
  realm: string;
  resourceMetadata: string | undefined;
  clock: Clock;
  /** Null: this service gets no revocations. */
  revocations: RevocationList | null;
};

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    [appContext]: AppContext;
  }
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyRequest {
    [authenticationKey]: Authentication | null;
  }
}

/** The getter behind request.caller. */
export function callerOfRequest(this: FastifyRequest): Authentication {
  const authentication = this[authenticationKey];
  if (authentication) return authentication;
  throw new AuthClientError(
    'auth_not_declared',
    'request.auth was read on a route without auth: declare onRequest: app.requireScope(…) or app.authenticate on it',
  );
}

/**
 * What the token of an admitted request says; null if the route required none, or the request was refused. For hooks
 * that see every request, such as telemetry. Handlers read `request.caller`.
 *
 * @example app.addHook('onResponse', async (request) => count(callerOf(request)?.clientId))
 */
export function callerOf(request: FastifyRequest): Authentication | null {
  return request[authenticationKey] ?? null;
}

/** The getter behind request.auth. Refuses a service's own token, even on a route that admits services. */
export function userOfRequest(this: FastifyRequest): UserAuthentication {
  const { caller } = this;
  if (caller.isService) throw new AuthError('user_required');
  return caller;
}

export interface HookContext extends Omit<AppContext, 'realm' | 'resourceMetadata'> {
  verifier: TokenVerifier;
  possession: PossessionPolicy;
}

/** Uses a callback and no promise on the usual path: a cached token costs a lookup and a few comparisons. */
export function createHook(
  { verifier, possession, clock, revocations }: HookContext,
  route: Route,
): AuthHook {
  function admit(request: FastifyRequest, authentication: Authentication): void {
    checkRequirements(authentication, { requirements: route, clock, revocations });
    request[authenticationKey] = authentication;
  }

  /** A second hook of a route does not look at the proof again, which was used up. */
  function authenticationOf(
    request: FastifyRequest,
    presented: PresentedToken,
    reply: FastifyReply,
  ): Authentication | Promise<Authentication> {
    const proven = (authentication: Authentication) => {
      const told = (nonce: string | undefined) => {
        if (nonce !== undefined) reply.header('dpop-nonce', nonce);
        return authentication;
      };
      const checked = checkPossession(authentication, presented, { request, policy: possession });
      return checked instanceof Promise ? checked.then(told) : told(checked);
    };
    const verified = verifier.verify(presented.token);
    return verified instanceof Promise ? verified.then(proven) : proven(verified);
  }

  return function authenticate(request, reply, done) {
    let result: Authentication | Promise<Authentication>;
    let used: PresentedToken['scheme'] = 'Bearer';
    const answer = (error: unknown) =>
      refuse(asAuthError(error), {
        request,
        reply,
        route: { ...route, schemes: schemesFor(used, possession) },
      });
    try {
      const known = request[authenticationKey];
      if (known === null || known === undefined) {
        const presented = presentedToken(request.raw.rawHeaders);
        used = presented.scheme;
        result = authenticationOf(request, presented, reply);
      } else result = known;
      if (!(result instanceof Promise)) admit(request, result);
    } catch (error) {
      answer(error);
      return;
    }
    if (!(result instanceof Promise)) {
      done();
      return;
    }
    result.then((authentication) => admit(request, authentication)).then(() => done(), answer);
  };
}

/** The schemes that challenges name. */
function schemesFor(used: Scheme, { isRequired }: PossessionPolicy): readonly Scheme[] {
  if (isRequired) return ['DPoP'];
  return used === 'DPoP' ? ['DPoP', 'Bearer'] : ['Bearer', 'DPoP'];
}
