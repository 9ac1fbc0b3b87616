// Postgres answers these when it cannot serve anybody now: shutting down, starting, out of connections or memory,
// or too slow (57014: statement_timeout). https://www.postgresql.org/docs/current/errcodes-appendix.html
const unavailableStates = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '57014',
  '53300',
  '53200',
  '53100',
  '25P03',
]);
const unavailableSystemCodes = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENOENT'.split(' '),
);
// pg and pg-pool raise these without any code.
const unavailableMessages = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'Query read timeout',
];
const maxCauses = 5;

/**
 * Says whether an error, or one of its causes, means that the database cannot be reached or cannot serve now, so
 * that trying again later makes sense. False for mistakes in a query, in a password or in the data.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  try {
    return isUnavailable(error, 0);
  } catch {
    // It cannot be read.
    return false;
  }
}

function isUnavailable(error: unknown, depth: number): boolean {
  if (!(error instanceof Error) || depth >= maxCauses) return false;
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [];
  return (
    (parts.length === 0 ? saysUnavailable(error) : parts.some((part) => isUnavailable(part, depth + 1))) ||
    isUnavailable(error.cause, depth + 1)
  );
}

function saysUnavailable(error: Error & { code?: unknown; severity?: unknown; syscall?: unknown }): boolean {
  const { code } = error;
  if (typeof code !== 'string')
    return unavailableMessages.some((message) => error.message.startsWith(message));
  if (unavailableStates.has(code)) return true;
  // Class 08 is "connection exception"; only Postgres's errors have a severity.
  if (error.severity !== undefined) return code.startsWith('08');
  return error.syscall !== undefined && unavailableSystemCodes.has(code);
}
