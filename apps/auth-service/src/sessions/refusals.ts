import { ProblemError } from '@latchkey/service-kit';

/** The same answer for another person's session and for one that never existed. */
export function sessionNotFound(detail: string): ProblemError {
  return new ProblemError({ status: 404, code: 'session_not_found', detail });
}
