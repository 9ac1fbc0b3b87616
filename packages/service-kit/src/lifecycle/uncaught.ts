/**
 * Calls `tell` with whatever nobody caught, also a rejection, and ends the process at once with exit code 1: its state
 * is unknown, so nothing is closed. `tell` must have written when it returns. A later call replaces an earlier one.
 *
 * @example endOnUncaught((thrown) => app.log.fatal({ err: thrown }, 'ended by an error'));
 */
export function endOnUncaught(tell: (thrown: unknown) => void): void {
  const end = (thrown: unknown): void => {
    try {
      tell(thrown);
    } finally {
      process.exit(1);
    }
  };
  // Node.js would raise a rejection as an exception whose message does not say what it was, if it was no error.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.prependListener(event, end);
}
