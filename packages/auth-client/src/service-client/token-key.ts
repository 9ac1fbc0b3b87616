import type { Actor, UserAuthentication } from '../token/authentication.ts';

const fingerprints = new WeakMap<UserAuthentication, string>();

/**
 * Names what an exchanged token depends on: two requests may share one only if this is the same for both. That is more
 * than the session: a token that was narrowed, that stems from an older sign-in, or that already went through another
 * service must not get what a wider, a more recent or a direct one got. Its expiry is left out: what is kept never
 * leaves this service, and a user's tokens follow one another within a session.
 */
export function tokenKey(
  user: UserAuthentication,
  { audience, scopes }: { audience: string; scopes: readonly string[] },
): string {
  let fingerprint = fingerprints.get(user);
  if (fingerprint === undefined) {
    fingerprint = JSON.stringify([
      user.subject,
      user.sessionId,
      user.clientId,
      user.authTime,
      user.acr ?? null,
      [...user.scopes].sort(),
      actorsOf(user.actor),
    ]);
    // One token's authentication is the same object for all requests that present it.
    fingerprints.set(user, fingerprint);
  }
  return `${JSON.stringify([audience, scopes])}${fingerprint}`;
}

function actorsOf(actor: Actor | undefined): string[] {
  return actor ? [actor.subject, ...actorsOf(actor.actor)] : [];
}
