// A mistake in a statement, in a transaction's use or in the data: a retry would fail again. Classes and states of
// https://www.postgresql.org/docs/current/errcodes-appendix.html: feature not supported, cardinality, data, integrity
// constraint, statement or cursor name, syntax or access rule, check option, program limit, PL/pgSQL. Some states
// of these classes are not our mistakes: a missing privilege (42501), a read-only server and transaction timeouts.
const faultsOfOurs = /^(?:0A|21|22|23|26|34|42(?!501)|44|54|P0|25(?!006|P03|P04))/;
const unavailableSystemCodes = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN ENOENT'.split(
    ' ',
  ),
);
// pg and pg-pool throw these without a code: the first three when what came is not what Postgres sends.
const unavailableMessages = [
  'received invalid response',
  'Received unexpected ',
  'There was an error establishing an SSL connection',
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'Query read timeout',
];
const maxCauses = 5;
const connectionErrors = new WeakSet<Error>();

/**
 * Marks an error as one of the connection, not of a query, whatever it says: a certificate, a password, a protocol that
 * is not Postgres'.
 */
export function asConnectionError<E extends Error>(error: E): E {
  connectionErrors.add(error);
  return error;
}

/**
 * Whether an error, or one of its causes, means that the database is unreachable or cannot serve us now, so that a
 * later retry makes sense. True for every error of Postgres that is not known to be our mistake. False for mistakes in
 * a query or in the data, and for errors that do not come from a database.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  try {
    return isUnavailable(error, 0);
  } catch {
    // The error cannot be read.
    return false;
  }
}

function isUnavailable(error: unknown, depth: number): boolean {
  if (!(error instanceof Error) || depth >= maxCauses) return false;
  if (connectionErrors.has(error)) return true;
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
  // Only errors of Postgres have a severity.
  if (error.severity !== undefined) return !faultsOfOurs.test(code);
  return error.syscall !== undefined && unavailableSystemCodes.has(code);
}
