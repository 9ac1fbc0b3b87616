import { requireRecentSignIn } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';
import { provenTime } from '../tokens/claims.ts';
import type { SessionStore } from './session-store.ts';

/** How long a sign-in elsewhere proves that somebody without a password is there. */
const recentSeconds = 300;

/**
 * Refuses somebody without a password who has not just signed in at their provider. Some providers do not say when a
 * person authenticated there; then it counts when they came back to us. That is enough to change how to sign in, since
 * whoever can come back can sign in. It is not enough to pay, which looks at `auth_time`.
 *
 * @throws AuthError insufficient_user_authentication
 */
export async function requireRecentReturn(
  request: FastifyRequest,
  { sessions, clock }: { readonly sessions: Pick<SessionStore, 'find'>; readonly clock: () => number },
): Promise<void> {
  const { subject, sessionId } = request.auth;
  const returnedAt = (await sessions.find(subject, sessionId))?.elsewhere?.returnedAt;
  const now = clock() / 1000;
  if (returnedAt !== undefined && now - provenTime(returnedAt, now) <= recentSeconds) return;
  requireRecentSignIn(request, recentSeconds);
}
