import type { FastifyRequest } from 'fastify';
import { AuthClientError, AuthError } from '../errors.ts';
import { surroundings } from './auth-hook.ts';
import { withChallenge } from './refuse.ts';
import { checkAuthAge, isAge } from './requirements.ts';

/**
 * Wants a sign-in no longer ago than `seconds` (RFC 9470), inside a handler: for when only the body says that it is
 * needed, such as an amount. Where the whole route needs it, declare `maxAuthAgeSeconds` on the route.
 *
 * Does not ask how the user signed in. An exchanged token has the time of its user's sign-in.
 *
 * @throws AuthError insufficient_user_authentication, 401 with its challenge in `headers`: let it reach the error
 * handler. AuthClientError invalid_requirement when `seconds` is no bound
 * @example if (amount > 50_000) requireRecentSignIn(request, 300)
 */
export function requireRecentSignIn(request: FastifyRequest, seconds: number): void {
  if (!isAge(seconds))
    throw new AuthClientError('invalid_requirement', 'requireRecentSignIn needs whole seconds, 1 or more');
  const { realm, clock } = request.server[surroundings];
  try {
    checkAuthAge(request.auth, { maxAuthAgeSeconds: seconds, clock });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw withChallenge(error, { realm, scopes: [], maxAuthAgeSeconds: seconds });
  }
}
