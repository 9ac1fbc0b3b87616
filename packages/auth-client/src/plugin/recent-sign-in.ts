import type { FastifyRequest } from 'fastify';
import { AuthClientError, AuthError } from '../errors.ts';
import { appContext } from './auth-hook.ts';
import { withChallenge } from './refuse.ts';
import { checkAuthAge, isAge } from './requirements.ts';

/**
 * Requires, inside a handler, a sign-in no longer ago than `seconds` (RFC 9470). Use it when only the body shows that
 * one is needed, such as an amount. If the whole route needs it, declare `maxAuthAgeSeconds` on the route.
 *
 * Does not check how the person signed in. An exchanged token has the time of the person's sign-in.
 *
 * @throws AuthError insufficient_user_authentication, 401 with its challenge in `headers`: let it reach the error
 * handler. AuthClientError invalid_requirement when `seconds` is not a whole number of 1 or more
 * @example if (amount > 50_000) requireRecentSignIn(request, 300)
 */
export function requireRecentSignIn(request: FastifyRequest, seconds: number): void {
  if (!isAge(seconds))
    throw new AuthClientError('invalid_requirement', 'requireRecentSignIn needs whole seconds, 1 or more');
  const { realm, resourceMetadata, clock } = request.server[appContext];
  try {
    checkAuthAge(request.auth, { maxAuthAgeSeconds: seconds, clock });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw withChallenge(error, { realm, resourceMetadata, scopes: [], maxAuthAgeSeconds: seconds });
  }
}
