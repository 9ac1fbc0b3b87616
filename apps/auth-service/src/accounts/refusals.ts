import { ProblemError } from '@latchkey/service-kit';
import type { PasswordFault } from './password-rules.ts';
import { usernameRule } from './username.ts';

type WeakPassword = { readonly rule: PasswordFault['rule'] | 'unchanged'; readonly detail: string };

/** The same answer for an unknown name, a wrong password and a disabled account. */
export function invalidCredentials(): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'invalid_credentials',
    detail: 'The user name or the password is wrong.',
  });
}

export function currentPasswordMissing(): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid_request', detail: 'current_password is missing.' });
}

export function noPassword(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'no_password',
    detail: 'This account has no password. Sign in again at the provider.',
  });
}

export function isInvalidCredentials(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'invalid_credentials';
}

export function tooManyAttempts(retryAfterMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new ProblemError({
    status: 429,
    code: 'too_many_attempts',
    detail: `Too many attempts. The next one is possible in ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  });
}

export function invalidUsername(): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid_username', detail: usernameRule });
}

export function weakPassword({ rule, detail }: WeakPassword): ProblemError {
  return new ProblemError({ status: 400, code: 'weak_password', detail, extensions: { rule } });
}

export function unchangedPassword(): ProblemError {
  return weakPassword({ rule: 'unchanged', detail: 'The new password is the current one.' });
}

export function usernameTaken(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'username_taken',
    detail: 'This user name is already taken.',
  });
}

export function unknownRole(error: RangeError): ProblemError {
  return new ProblemError({ status: 400, code: 'unknown_role', detail: error.message });
}

export function accountNotFound(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'account_not_found',
    detail: 'There is no account with this id.',
  });
}

/** For operators who would lock themselves out. */
export function ownAccount(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'own_account',
    detail:
      'You cannot disable yourself, or take accounts:manage from yourself, because you could not undo it.',
  });
}
