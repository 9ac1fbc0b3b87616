import { ProblemError } from '@latchkey/service-kit';

/** One answer for an item that does not exist (any more) and for one that is somebody else's. */
export function itemNotFound(): ProblemError {
  return new ProblemError({ status: 404, code: 'item_not_found', detail: 'There is no such item.' });
}
