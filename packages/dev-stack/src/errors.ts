/**
 * A problem that the person at the terminal can fix. The message is one line that says what to do; it is shown without
 * a stack.
 *
 * @example throw new DevStackError('Port 4000 is in use: stop what listens there, or set AUTH_PORT.');
 */
export class DevStackError extends Error {
  override name = 'DevStackError';
}

const systemFaults: Record<string, string> = {
  ENOSPC: 'The disk is full: free some space and start again.',
  EDQUOT: 'Your disk quota is used up: free some space and start again.',
  EROFS: 'The file system is read-only: clone the repository to a place that can be written.',
  EMFILE: 'Too many open files: raise the limit (ulimit -n 4096) and start again.',
};

/**
 * One line about any error: our own message, advice for well-known faults of the system, else the error's message. Has
 * no stack: rethrow errors that are bugs instead of explaining them.
 *
 * @example console.error(explain(error));
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof DevStackError) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  const fault = code === undefined ? undefined : systemFaults[code];
  if (fault !== undefined) return fault;
  if ((code === 'EACCES' || code === 'EPERM') && path !== undefined) {
    return `No permission for ${path}: give it to your user (chown), or remove it with npm run reset.`;
  }
  // A failed connection to several addresses has only a code, no message.
  return explainText(error.message) ?? (firstLine(error.message) || (code ?? error.name));
}

/** The same for a program's output, such as the tail of a server's log; undefined if it shows no known fault. */
export function explainText(output: string): string | undefined {
  if (/no space left on device|disk is full|check free disk space|wrote only \d+ of \d+ bytes/i.test(output))
    return systemFaults['ENOSPC'];
  if (/disk quota exceeded/i.test(output)) return systemFaults['EDQUOT'];
  if (/read-only file system/i.test(output)) return systemFaults['EROFS'];
  return undefined;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
