import { AuthClientError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** Invalid options; the message names all faults. */
export class AuthClientOptionsError extends AuthClientError {
  constructor(faults: readonly string[], what = '@latchkey/auth-client cannot be registered') {
    super('invalid_options', `${what}: ${faults.join('; ')}`);
  }
}

/** The range and the default (`standard`) of each numeric option. */
export type NumberRanges = Readonly<
  Record<string, { standard: number | undefined; min: number; max: number }>
>;

/** The faults of the numbers among these options: each must be a whole number within its range. */
export function faultsOfNumbers(given: Readonly<Record<string, unknown>>, ranges: NumberRanges): string[] {
  return Object.entries(ranges).flatMap(([name, { standard, min, max }]) => {
    const value = given[name];
    if (value === undefined && standard !== undefined) return [];
    const good = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
    return good ? [] : [`${name} must be a whole number from ${min} to ${max}`];
  });
}

/** The faults of `fetch` and `clock`, which tests replace. */
export function faultsOfFetchAndClock(given: { fetch?: unknown; clock?: unknown }): string[] {
  const faults: string[] = [];
  if (given.fetch !== undefined && typeof given.fetch !== 'function') faults.push('fetch must be a function');
  if (given.clock !== undefined && !isClock(given.clock as Partial<Clock>))
    faults.push('clock must have wallMs() and monotonicMs()');
  return faults;
}

/** The faults of unknown options: a misspelt limit would otherwise silently not apply. */
export function faultsOfNames(given: object, known: ReadonlySet<string>): string[] {
  return Object.keys(given).flatMap((name) =>
    known.has(name) ? [] : [`unknown option ${JSON.stringify(name)}`],
  );
}

/** An absolute http(s) URL without credentials and fragment, in a form that a URL parser leaves as it is. */
export function isHttpUrl(value: unknown): boolean {
  // A URL parser drops white space and reads a backslash as a slash. Issuers are compared as strings, so neither
  // passes.
  if (typeof value !== 'string' || !/^https?:\/\/[^/\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu.test(value)) return false;
  const url = URL.parse(value);
  return (
    url !== null && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password && !url.hash
  );
}

/** 1 to 255 printable ASCII characters without space, quote or backslash: the name of a service or a client. */
export function isServiceName(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(value);
}

function isClock(value: Partial<Clock>): boolean {
  return typeof value?.wallMs === 'function' && typeof value.monotonicMs === 'function';
}
