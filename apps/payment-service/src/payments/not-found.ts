import { ProblemError } from '@latchkey/service-kit';

/** The same answer for a payment that does not exist and for another person's payment. */
export function paymentNotFound(): ProblemError {
  return new ProblemError({ status: 404, code: 'payment_not_found', detail: 'There is no such payment.' });
}
