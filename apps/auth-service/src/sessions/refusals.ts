import { ProblemError } from '@latchkey/service-kit';

/** The same for a session that is somebody else's and for one that never was. */
export function sessionNotFound(detail: string): ProblemError {
  return new ProblemError({ status: 404, code: 'session_not_found', detail });
}
