import { ProblemError } from '@latchkey/service-kit';
import { ReplyError } from 'ioredis';

/**
 * Answers of Redis that are a fault of ours: asking again later brings the same. Redis 7 puts the error of a command
 * within a script in front of the script's name, so that the same words tell it.
 */
const FAULTS_OF_OURS: readonly RegExp[] = [
  // A key of ours that holds another type, or keys of several shards in one script.
  /^WRONGTYPE\b/,
  /^CROSSSLOT\b/,
  // A script that is no Lua, or goes wrong.
  /^ERR Error compiling script\b/,
  /^ERR Error running script\b/,
  /^ERR user_script:\d+:/,
  /^ERR (?:This Redis|Redis) command is not allowed from script\b/,
  /^ERR Lua redis\b/i,
  // A command with arguments that it does not take.
  /^ERR wrong number of arg/i,
  /^ERR syntax error\b/,
  /^ERR value is not (?:an integer|a valid float)\b/,
  /^ERR (?:hash value|increment or decrement|index|offset|bit) .*(?:integer|overflow|range)/,
  /^ERR invalid expire time\b/,
  /^ERR min or max is not a float\b/,
  /^ERR Invalid stream ID\b/,
  // The head of a stream is behind the stream, which no script of ours leaves.
  /^ERR The ID specified in XADD\b/,
  /^ERR Number of keys can't be\b/,
];

/**
 * Whether an error says that the store cannot serve now, whatever the reason: it does not answer, or refuses us (a
 * password that was changed, a right that was taken away, read-only, full, starting). So is every answer that is not
 * known to be a fault of ours.
 */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof ReplyError)) return true;
  const { message } = error as Error;
  return !FAULTS_OF_OURS.some((fault) => fault.test(message));
}

/**
 * Runs one Redis operation and turns "Redis cannot serve now" into 503 with Retry-After. A fault of ours passes
 * unchanged.
 */
export async function orUnavailable<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (!isStoreUnavailable(cause)) throw cause;
    throw new ProblemError({
      status: 503,
      code: 'session_store_unavailable',
      detail: 'Sessions cannot be reached at the moment. Try again; what was done already is not done twice.',
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}
