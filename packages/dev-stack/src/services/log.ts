import { existsSync, readFileSync } from 'node:fs';

export type LogFault = { severe: boolean; message: string };

const severe = new Set<unknown>(['error', 'fatal']);

/** The message of a log line (JSON, level by name) that is a warning or worse; undefined for other lines. */
export function parseFault(line: string): LogFault | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: unknown;
      msg?: unknown;
      err?: { message?: unknown };
    };
    if (level !== 'warn' && !severe.has(level)) return undefined;
    const detail = typeof err?.message === 'string' && err.message !== msg ? `: ${err.message}` : '';
    return { severe: severe.has(level), message: `${String(msg)}${detail}`.replaceAll(/\s+/g, ' ') };
  } catch {
    return undefined;
  }
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
