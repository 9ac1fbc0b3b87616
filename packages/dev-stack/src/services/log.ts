import { existsSync, readFileSync } from 'node:fs';

const faultLevels = ['warn', 'error', 'fatal'] as const;

export type LogFault = { level: (typeof faultLevels)[number]; message: string };

/** An error in a log line, as service-kit describes it. */
type Described = { message?: unknown; cause?: Described | null };

/**
 * The message of a log line (JSON, level by name) that is a warning or worse, with those of its error and of what caused
 * that; undefined for other lines.
 */
export function parseFault(line: string): LogFault | undefined {
  try {
    const {
      level: name,
      msg,
      code,
      err,
    } = JSON.parse(line) as {
      level?: unknown;
      msg?: unknown;
      code?: unknown;
      err?: Described | null;
    };
    const level = faultLevels.find((known) => known === name);
    if (level === undefined) return undefined;
    // The answer to a probe. The service logs the reason by itself, and each probe of ours would hide it.
    if (code === 'not_ready') return undefined;
    const message = withCauses(String(msg), err).replaceAll(/\s+/g, ' ');
    return { level, message };
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

/** The last warning or error in a service's log after its first `from` bytes; undefined if there is none. */
export function lastComplaint(logFile: string, from = 0): string | undefined {
  return linesOf(logFile, from)
    .map(parseFault)
    .findLast((fault) => fault !== undefined)?.message;
}

/**
 * One line about why a service ended, from its log: the last fatal line; else what it wrote beside the log after the
 * last error; else that error. The first `from` bytes are of earlier starts and do not count.
 */
export function lastFault(logFile: string, from = 0): string {
  const lines = linesOf(logFile, from);
  const faults = lines.map(parseFault);
  const fatal = faults.findLast((fault) => fault?.level === 'fatal');
  if (fatal !== undefined) return fatal.message;
  const error = faults.findLastIndex((fault) => fault?.level === 'error');
  const words = lastWords(lines.slice(error + 1));
  return words ?? faults[error]?.message ?? (lines.at(-1) || 'it logged nothing');
}

// Warnings of Node.js, its hints, and the line with its version that ends what it says of an error.
const asides = /^(\(node:\d+\) |\(Use `node |Node\.js v\d)/;

/** What a process last wrote beside its log, in one line: an error with its causes or its list of faults. */
export function lastWords(lines: readonly string[]): string | undefined {
  const isWord = (line: string) => !line.startsWith('{"') && line.trim() !== '' && !asides.test(line);
  const end = lines.findLastIndex(isWord) + 1;
  const begin = lines.slice(0, end).findLastIndex((line) => line.startsWith('{"')) + 1;
  const block = lines.slice(begin, end).filter(isWord);
  // Node.js first shows the place, with a caret below it. V8 first shows how it collected garbage.
  const said = block.slice(block.findLastIndex((line) => /^\s*\^+$/.test(line)) + 1);
  const first =
    said.find((line) => line.startsWith('FATAL ERROR: ')) ?? said.find((line) => /^\S/.test(line));
  if (first === undefined) return undefined;
  const further = said.filter((line) => /^(\s+- |Caused by: )/.test(line));
  return [first, ...further].join(' ').replaceAll(/\s+/g, ' ').trim();
}

/** A log after its first `from` bytes; empty if there is none. */
export function logSince(logFile: string, from: number): string {
  return existsSync(logFile) ? readFileSync(logFile).subarray(from).toString('utf8') : '';
}

function linesOf(logFile: string, from: number): string[] {
  const log = logSince(logFile, from).trim();
  return log === '' ? [] : log.split('\n');
}
