import { isIdentifier, isNumericDate } from '../token/claim-checks.ts';

/**
 * A revocation, for every service that verifies tokens. By its kind, it concerns these access tokens:
 *
 * - session: those of this session (`sid`)
 * - token: exactly this one (`jti`)
 * - key: those signed by this key (`kid`)
 * - subject, client: those of this person (`sub`) or given to this client (`client_id`), whose `iat` is before `before`
 * - all: those whose `iat` is before `before`
 *
 * `before` is in whole seconds since 1970, by the issuer's clock. `reason` is a word such as sign_out or
 * password_changed, for operators and for the client that presents the token.
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
 * Whether a value from outside is a revocation. Unknown members are ignored. A value of an unknown kind is refused,
 * because nothing could act on it.
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
