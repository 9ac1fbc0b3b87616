/**
 * Why a session ended, as the page tells it. auth-service knows more words than a person needs
 * (docs/sessions.md, "Why a session ended"); one that the page does not know reads as `other`.
 */
const shownAs = {
  sign_out: 'sign_out',
  ended_by_user: 'ended_by_user',
  ended_all: 'ended_all',
  replaced: 'replaced',
  displaced: 'displaced',
  too_many: 'too_many',
  password_changed: 'password_changed',
  account_disabled: 'account_disabled',
  ended_by_operator: 'ended_by_operator',
  token_revoked: 'token_revoked',
  reuse: 'reuse',
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
 * The message to show, or null where nothing ended that the person did not end themselves, here and now.
 *
 * @example endReason('displaced') // 'displaced'
 */
export function endReason(reason: string | null): EndReason | null {
  if (reason === null || reason === 'sign_out') return null;
  return isKnown(reason) ? shownAs[reason] : 'other';
}

/** Whether the person can go on by signing in again: no password helps where the operator, or the set-up, is in the way. */
export function canSignInAgain(reason: EndReason): boolean {
  return reason !== 'cross_site' && reason !== 'client_revoked' && reason !== 'account_disabled';
}

/** True where somebody else may be behind it, so that it deserves a louder word. */
export function isAlarming(reason: EndReason): boolean {
  return reason === 'reuse' || reason === 'key_revoked';
}

function isKnown(reason: string): reason is keyof typeof shownAs {
  return Object.hasOwn(shownAs, reason);
}
