import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { parseFault } from './log.ts';

/**
 * Reads new lines of a service's log, once a second, and passes on each warning and error that has not been seen
 * before. Ignores lines that were there at the start.
 *
 * @returns a function that ends the watch
 */
export function watchLog(logFile: string, onFault: (message: string) => void): () => void {
  let position = size(logFile);
  let rest = '';
  const seen = new Set<string>();
  const look = (): void => {
    const end = size(logFile);
    if (end <= position) return;
    rest += read(logFile, position, end);
    position = end;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const fault of lines.map(parseFault)) {
      if (fault === undefined || seen.has(fault.message)) continue;
      seen.add(fault.message);
      onFault(fault.message);
    }
  };
  const timer = setInterval(look, 1_000).unref();
  return () => clearInterval(timer);
}

function size(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function read(file: string, start: number, end: number): string {
  const buffer = Buffer.alloc(end - start);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, start));
  } finally {
    closeSync(descriptor);
  }
}
