import type { Actor, UserAuthentication } from '../token/authentication.ts';

const fingerprints = new WeakMap<UserAuthentication, string>();

/**
 * A key of everything that an exchanged token depends on. Two requests may share an exchanged token only if their keys
 * are equal. The session alone is not enough: a narrower token, one of an older sign-in, or one that came through
 * another service must not get what a wider, newer or direct one got. The expiry is left out: a kept token never leaves
 * this service, and a session has many tokens in a row.
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
    // All requests with the same token share one authentication object.
    fingerprints.set(user, fingerprint);
  }
  return `${JSON.stringify([audience, scopes])}${fingerprint}`;
}

function actorsOf(actor: Actor | undefined): string[] {
  return actor ? [actor.subject, ...actorsOf(actor.actor)] : [];
}
