import type { SessionState } from '@latchkey/auth-browser';
import type { Fault } from './fault.ts';

/**
 * Whether a fault has been put right since it was told: the permission is there, the password was given, the person signed in
 * again, or somebody else is here. Faults of services and of requests do not end by this.
 *
 * @param before who was signed in when it was told
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
