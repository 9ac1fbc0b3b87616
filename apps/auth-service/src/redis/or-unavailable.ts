import { ProblemError } from '@latchkey/service-kit';
import { ReplyError } from 'ioredis';

/**
 * Errors of Redis that are our fault, so a retry would fail too. For a command in a script, Redis 7 puts the command's
 * error first, so the same patterns match.
 */
const faultsOfOurs: readonly RegExp[] = [
  // A key of ours that holds another type, or keys of several shards in one script.
  /^WRONGTYPE\b/,
  /^CROSSSLOT\b/,
  /^ERR Script attempted to access keys that do not hash to the same slot/,
  // A script that is not valid Lua, or fails.
  /^ERR Error compiling script\b/,
  /^ERR Error running script\b/,
  /^ERR user_script:\d+:/,
  /^ERR (?:This Redis|Redis) command is not allowed from script\b/,
  /^ERR Lua redis\b/i,
  // A command with wrong arguments.
  /^ERR wrong number of arg/i,
  /^ERR syntax error\b/,
  /^ERR value is not (?:an integer|a valid float)\b/,
  /^ERR (?:hash value|increment or decrement|index|offset|bit) .*(?:integer|overflow|range)/,
  /^ERR invalid expire time\b/,
  /^ERR min or max is not a float\b/,
  /^ERR Invalid stream ID\b/,
  // The head of a stream is behind the stream. None of our scripts leaves that state.
  /^ERR The ID specified in XADD\b/,
  /^ERR Number of keys can't be\b/,
];

/**
 * Whether an error means that the store cannot serve now: it does not answer, or refuses us (changed password, removed
 * permission, read-only, full, starting). Every error that is not known to be our fault counts as such.
 */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof ReplyError)) return true;
  const { message } = error as Error;
  return !faultsOfOurs.some((fault) => fault.test(message));
}

/**
 * Awaits a Redis operation, and turns "Redis cannot serve now" into 503 with Retry-After. Rethrows our own faults.
 */
export async function orUnavailable<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (!isStoreUnavailable(cause)) throw cause;
    throw new ProblemError({
      status: 503,
      code: 'session_store_unavailable',
      detail: 'The session store is unavailable at the moment. Try again: nothing is done twice.',
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}
