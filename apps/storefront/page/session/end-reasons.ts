/**
 * Why a session ended, as the page shows it. auth-service has more reasons than a person needs to know
 * (docs/sessions.md, "Why a session ended"). The page shows an unknown one as `other`.
 */
const shownAs = {
  sign_out: 'sign_out',
  ended_by_user: 'ended_by_user',
  ended_all: 'ended_all',
  replaced: 'replaced',
  displaced: 'displaced',
  too_many: 'too_many',
  password_changed: 'password_changed',
  ways_in_changed: 'ways_in_changed',
  signed_out_at_provider: 'signed_out_at_provider',
  account_disabled: 'account_disabled',
  ended_by_operator: 'ended_by_operator',
  token_revoked: 'token_revoked',
  code_reused: 'code_reused',
  consent_withdrawn: 'consent_withdrawn',
  reuse: 'reuse',
  foreign_key: 'foreign_key',
  sign_in_failed: 'sign_in_failed',
  shards_changed: 'moved',
  store_lost: 'moved',
  session_lost: 'moved',
  client_revoked: 'client_revoked',
  key_revoked: 'key_revoked',
  roles_changed: 'roles_changed',
  no_cookie: 'no_cookie',
  cross_site: 'cross_site',
} as const;

export type EndReason = (typeof shownAs)[keyof typeof shownAs] | 'other';

/**
 * The reason to show. Null when no session ended, or the person ended it on this page.
 *
 * @example endReason('displaced') // 'displaced'
 */
export function endReason(reason: string | null): EndReason | null {
  if (reason === null || reason === 'sign_out') return null;
  return isKnown(reason) ? shownAs[reason] : 'other';
}

/** Whether signing in again helps. It does not when an operator or the set-up prevents it. */
export function canSignInAgain(reason: EndReason): boolean {
  return reason !== 'cross_site' && reason !== 'client_revoked' && reason !== 'account_disabled';
}

/** True when somebody else may have caused it, so that the notice must stand out. */
export function isAlarming(reason: EndReason): boolean {
  return reason === 'reuse' || reason === 'code_reused' || reason === 'key_revoked';
}

function isKnown(reason: string): reason is keyof typeof shownAs {
  return Object.hasOwn(shownAs, reason);
}
