import { isIdentifier, isNumericDate } from '../token/claim-checks.ts';

/**
 * What is no longer good, told to everybody who verifies tokens. It concerns, of the access tokens that have not expired:
 *
 * - session: those of this sign-in (`sid`)
 * - token: this very one (`jti`)
 * - key: those signed by this key (`kid`)
 * - subject, client: those of this user (`sub`), or given to this client (`client_id`), whose `iat` is before `before`
 * - all: every one whose `iat` is before `before`
 *
 * `before` is in whole seconds since 1970, by the issuer's clock. `reason` says why, to people who look into it and to
 * whoever presents the token: a word such as sign_out or password_changed.
 */
export type Revocation =
  | { readonly kind: 'session' | 'token' | 'key'; readonly id: string; readonly reason: string }
  | {
      readonly kind: 'subject' | 'client';
      readonly id: string;
      readonly before: number;
      readonly reason: string;
    }
  | { readonly kind: 'all'; readonly before: number; readonly reason: string };

const reason = /^[a-z_]{1,32}$/;

/**
 * Whether something that came from outside is a revocation. Members that it does not know are ignored; a kind that it
 * does not know is no revocation, because it could not be acted on.
 */
export function isRevocation(value: unknown): value is Revocation {
  if (typeof value !== 'object' || value === null) return false;
  const given = value as Record<string, unknown>;
  if (typeof given.reason !== 'string' || !reason.test(given.reason)) return false;
  switch (given.kind) {
    case 'session':
    case 'token':
    case 'key':
      return isIdentifier(given.id);
    case 'subject':
    case 'client':
      return isIdentifier(given.id) && isNumericDate(given.before);
    case 'all':
      return isNumericDate(given.before);
    default:
      return false;
  }
}
