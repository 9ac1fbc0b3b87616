import { ProblemError } from '@latchkey/service-kit';

/** The same answer for an item that does not exist (any more) and for another person's item. */
export function itemNotFound(): ProblemError {
  return new ProblemError({ status: 404, code: 'item_not_found', detail: 'There is no such item.' });
}
