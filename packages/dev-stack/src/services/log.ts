import { existsSync, readFileSync } from 'node:fs';

export type LogFault = { level: number; message: string };

const warningLevel = 40;
const errorLevel = 50;

/** The warning or worse in a line of a service's log; undefined for the rest. */
export function parseFault(line: string): LogFault | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: unknown;
      msg?: unknown;
      err?: { message?: unknown };
    };
    if (typeof level !== 'number' || level < warningLevel) return undefined;
    const detail = typeof err?.message === 'string' && err.message !== msg ? `: ${err.message}` : '';
    return { level, message: `${String(msg)}${detail}`.replaceAll(/\s+/g, ' ') };
  } catch {
    return undefined;
  }
}

/** What went wrong, in a line, by the end of a service's log: its last error, or the message of what it died of. */
export function lastFault(logFile: string): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n') : [];
  const logged = lines.map(parseFault).findLast((fault) => fault !== undefined && fault.level >= errorLevel);
  if (logged !== undefined) return logged.message;
  const thrown = lines.findLastIndex((line) => /^\w*Error( \[\w+\])?: /.test(line));
  if (thrown < 0) return lines.at(-1) || 'it logged nothing';
  // A configuration error lists its faults on the lines that follow.
  const faults = lines.slice(thrown + 1).filter((line) => /^\s+- /.test(line));
  return [lines[thrown], ...faults].join(' ').replaceAll(/\s+/g, ' ');
}
