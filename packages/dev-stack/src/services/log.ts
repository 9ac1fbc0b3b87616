import { existsSync, readFileSync } from 'node:fs';

export type LogFault = { severe: boolean; message: string };

const severe = new Set<unknown>(['error', 'fatal']);

/** An error in a log line, as service-kit describes it. */
type Described = { message?: unknown; cause?: Described | null };

/**
 * The message of a log line (JSON, level by name) that is a warning or worse, with those of its error and of what caused
 * that; undefined for other lines.
 */
export function parseFault(line: string): LogFault | undefined {
  try {
    const { level, msg, code, err } = JSON.parse(line) as {
      level?: unknown;
      msg?: unknown;
      code?: unknown;
      err?: Described | null;
    };
    if (level !== 'warn' && !severe.has(level)) return undefined;
    // The answer to a probe. The service logs the reason by itself, and each probe of ours would hide it.
    if (code === 'not_ready') return undefined;
    const message = withCauses(String(msg), err).replaceAll(/\s+/g, ' ');
    return { severe: severe.has(level), message };
  } catch {
    return undefined;
  }
}

function withCauses(text: string, err: Described | null | undefined): string {
  if (!err) return text;
  const { message, cause } = err;
  // Many an error repeats what caused it.
  const isNew = typeof message === 'string' && !text.includes(message);
  return withCauses(isNew ? `${text}: ${message}` : text, cause);
}

/** The last warning or error in a service's log; undefined if there is none. */
export function lastComplaint(logFile: string): string | undefined {
  return linesOf(logFile)
    .map(parseFault)
    .findLast((fault) => fault !== undefined)?.message;
}

/** One line about what went wrong, from the end of a service's log: its last error, or the fatal error's message. */
export function lastFault(logFile: string): string {
  const lines = linesOf(logFile);
  const logged = lines.map(parseFault).findLast((fault) => fault?.severe === true);
  if (logged !== undefined) return logged.message;
  const thrown = lines.findLastIndex((line) => /^\w*Error( \[\w+\])?: /.test(line));
  if (thrown < 0) return lines.at(-1) || 'it logged nothing';
  // A configuration error lists its faults on the following lines.
  const faults = lines.slice(thrown + 1).filter((line) => /^\s+- /.test(line));
  return [lines[thrown], ...faults].join(' ').replaceAll(/\s+/g, ' ');
}

function linesOf(logFile: string): string[] {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n') : [];
}
