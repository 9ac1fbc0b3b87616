import { ProblemError } from '@latchkey/service-kit';

/** For a good access token whose session has ended. */
export function sessionEnded(): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'session_ended',
    detail: 'This session has ended. Sign in again.',
    headers: { 'www-authenticate': 'Bearer realm="auth-service", error="invalid_token"' },
  });
}

/** The same for a session that is somebody else's and for one that never was. */
export function sessionNotFound(detail: string): ProblemError {
  return new ProblemError({ status: 404, code: 'session_not_found', detail });
}
