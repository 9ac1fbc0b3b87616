import { ProblemError } from '@latchkey/service-kit';

/** For a valid access token whose session has ended. */
export function sessionEnded(): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'session_ended',
    detail: 'This session has ended. Sign in again.',
    headers: { 'www-authenticate': 'Bearer realm="auth-service", error="invalid_token"' },
  });
}
