import { loadBreachedPasswords } from './breached-passwords.ts';
import { passwordFault } from './password-rules.ts';
import { weakPassword } from './refusals.ts';

/**
 * Checks a new password against the rules. The user name must be normalised.
 *
 * Throws ProblemError 400 `weak_password`; its member `rule` says why.
 */
export async function refuseWeakPassword(password: string, username: string): Promise<void> {
  const breached = await loadBreachedPasswords();
  const fault = passwordFault({ password, username, isBreached: (candidate) => breached.has(candidate) });
  if (fault) throw weakPassword(fault);
}
