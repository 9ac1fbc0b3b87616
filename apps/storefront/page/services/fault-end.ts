import type { SessionState } from '@latchkey/auth-browser';
import type { Fault } from './fault.ts';

/**
 * Whether a change of the session has resolved a fault: the permission was granted, the password was entered, the
 * person signed in again, or another person is signed in. Faults of services and requests do not end this way.
 *
 * @param before the session when the fault was shown
 */
export function isOver(fault: Fault, before: SessionState, now: SessionState): boolean {
  if (now.status === 'restoring') return false;
  const isSameSession =
    before.status === 'signed_in' && now.status === 'signed_in' && before.sessionId === now.sessionId;
  switch (fault.kind) {
    case 'missing_permission':
      return !isSameSession || fault.scopes.every((scope) => now.scopes.includes(scope));
    case 'sign_in_too_old':
      return !isSameSession || now.authTimeMs > before.authTimeMs;
    case 'session_ended':
      return now.status === 'signed_in' && !isSameSession;
    default:
      return false;
  }
}
