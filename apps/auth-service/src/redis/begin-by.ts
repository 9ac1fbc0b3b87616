import { type Command, type Redis, ReplyError } from 'ioredis';
import { batchWrites } from './batch-writes.ts';
import { knownRedisTime, learnRedisTime } from './redis-clock.ts';

/** Precedes the time in the last argument of a script that has not been sent yet. */
const mark = 'by:';

/** The clock of the server that the script was about to be sent to must be measured first. */
export class ClockUnknownError extends Error {
  readonly connection: Redis;

  constructor(connection: Redis) {
    super('The clock of this Redis is not known.');
    this.connection = connection;
  }
}

/** A script's last argument: until when it may begin, as performance.now() will be. */
export function beginBy(atMs: number): string {
  return `${mark}${atMs}`;
}

type Deadline = { readonly atMs: number; connection: Redis };
const deadlines = new WeakMap<Command, Deadline>();

/**
 * Prepares a command for this connection, each time that it is sent: once more after a reconnect, and to another server
 * after MOVED or ASK. A script gets its deadline by the clock of this server.
 *
 * Returns false when the command must not be sent, because nobody waits for it any longer, or the clock is unknown.
 */
export function prepareCommand(command: Command, connection: Redis): boolean {
  if (command.isSettled) return false;
  if (command.name !== 'evalsha' && command.name !== 'eval') return true;
  const deadline = deadlines.get(command) ?? readDeadline(command, connection);
  if (deadline === undefined) return true;
  deadline.connection = connection;
  const atRedis = knownRedisTime(connection, deadline.atMs);
  if (atRedis === undefined) {
    command.reject(new ClockUnknownError(connection));
    return false;
  }
  command.args[command.args.length - 1] = String(Math.floor(atRedis));
  batchWrites(connection);
  return true;
}

/** Whether the script refused to begin: it came late, or the server's clock was misjudged (refuse-late.lua). */
export function isLate(error: unknown): boolean {
  return lateAt(error) !== undefined;
}

function readDeadline(command: Command, connection: Redis): Deadline | undefined {
  const last = command.args.at(-1);
  if (typeof last !== 'string' || !last.startsWith(mark)) return undefined;
  const deadline = { atMs: Number(last.slice(mark.length)), connection };
  deadlines.set(command, deadline);
  command.promise.catch((error: unknown) => {
    const redisTimeMs = lateAt(error);
    if (redisTimeMs !== undefined) learnRedisTime(deadline.connection, redisTimeMs);
  });
  return deadline;
}

/** Redis' time, in milliseconds, in the error of a script that came late. */
function lateAt(error: unknown): number | undefined {
  const [, time] = (error instanceof ReplyError && /^LATE ([\d.]+)/.exec((error as Error).message)) || [];
  return time === undefined ? undefined : Number(time);
}
