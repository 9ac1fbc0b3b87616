import { ProblemError } from '@latchkey/service-kit';

/** One answer for a payment that does not exist and for one that is somebody else's. */
export function paymentNotFound(): ProblemError {
  return new ProblemError({ status: 404, code: 'payment_not_found', detail: 'There is no such payment.' });
}
