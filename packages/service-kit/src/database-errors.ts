// A mistake in a statement, in a transaction's use or in the data: to try again brings the same. Classes and states of
// https://www.postgresql.org/docs/current/errcodes-appendix.html: feature not supported, cardinality, data, integrity
// constraint, statement or cursor name, syntax or access rule, check option, program limit, PL/pgSQL. Of access rules a
// right that we lack (42501) is not ours to mend, nor is of transaction states a server that only reads, or that had
// waited for us too long.
const faultsOfOurs = /^(?:0A|21|22|23|26|34|42(?!501)|44|54|P0|25(?!006|P03|P04))/;
const unavailableSystemCodes = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN ENOENT'.split(
    ' ',
  ),
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
const connectionErrors = new WeakSet<Error>();

/**
 * Notes that an error arose from a connection, not from what was asked on it, whatever it says: a certificate, a
 * password, a protocol that is not Postgres'.
 */
export function asConnectionError<E extends Error>(error: E): E {
  connectionErrors.add(error);
  return error;
}

/**
 * Says whether an error, or one of its causes, means that the database cannot be reached or cannot serve us now, so
 * that trying again later makes sense: so is every answer of Postgres that is not known to be a fault of ours. False for
 * mistakes in a query or in the data, and for whatever does not stem from a database.
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
  if (connectionErrors.has(error)) return true;
  if (typeof code !== 'string')
    return unavailableMessages.some((message) => error.message.startsWith(message));
  // Only Postgres's errors have a severity.
  if (error.severity !== undefined) return !faultsOfOurs.test(code);
  return error.syscall !== undefined && unavailableSystemCodes.has(code);
}
