import { type Command, Redis, type RedisOptions } from 'ioredis';

/** A request meets 503 within a second when Redis is dead or frozen; ioredis' own defaults take 73 s, or for ever. */
export const COMMAND_TIMEOUT_MS = 800;
/** No reply for as long, and the line is taken for dead, though nobody has closed it; a new one is made. */
const SILENT_LINE_MS = 2_000;
/** How long a server may take to close its side. A silent line never does. */
const DISCONNECT_TIMEOUT_MS = 100;
const LONGEST_RECONNECT_DELAY_MS = 500;
/** So may a master answer that was replaced, and keeps our connection open: the address may lead to the new one by now. */
const MAY_BE_REPLACED = /^(?:READONLY|NOREPLICAS|MASTERDOWN)\b/;
const LOOK_FOR_ANOTHER_EVERY_MS = 1_000;

export type ConnectionOptions = {
  /** A redis:// URL, or what tells it: that is asked before each connection, since a password may have changed. */
  readonly url: string | (() => string);
  readonly onError: (error: Error) => void;
  /** Default 2 s. */
  readonly silentLineMs?: number;
};

/** The connection broke before Redis was asked, or before it answered. Nothing was sent to the one that replaced it. */
export class ConnectionReplacedError extends Error {}

const sentScripts = new WeakSet<Command>();

/** After a reconnect ioredis sends again what had no answer. Here that ends with the patience of whoever asked. */
class Connection extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    if (command.isSettled) return command.promise;
    if (/^eval(sha)?$/.test(command.name)) {
      // A script's deadline is by the clock of the server that it was meant for: whoever asked sets another.
      if (sentScripts.has(command)) {
        command.reject(new ConnectionReplacedError('The connection to Redis was replaced.'));
        return command.promise;
      }
      sentScripts.add(command);
    }
    return super.sendCommand(command, stream);
  }
}

/**
 * Connects to Redis and keeps the connection up. Returns at once: commands that are sent before the connection stands
 * wait for it, at most as long as any other command. It connects anew when the line falls silent, and when the server may
 * not be the master any more.
 *
 * A command whose reply was lost with the connection is sent again after the reconnect, while somebody waits for it; so
 * each script here is safe to run twice.
 *
 * @example
 * const redis = connectRedis({ url: 'redis://127.0.0.1:6379', onError: (error) => log.warn({ error }) });
 */
export function connectRedis({ url, onError, silentLineMs = SILENT_LINE_MS }: ConnectionOptions): Redis {
  let lookedAt = Number.NEGATIVE_INFINITY;
  const redis = new Connection(currentUrl(url), {
    connectionName: 'auth-service',
    lazyConnect: true,
    connectTimeout: COMMAND_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: silentLineMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // What a Redis that loads answers is 503; to wait until it has loaded would keep every command until then.
    enableReadyCheck: false,
    maxRetriesPerRequest: 1,
    reconnectOnError({ message }) {
      const looks =
        MAY_BE_REPLACED.test(message) && performance.now() - lookedAt >= LOOK_FOR_ANOTHER_EVERY_MS;
      if (looks) lookedAt = performance.now();
      return looks;
    },
    retryStrategy(attempt) {
      Object.assign(redis.options, addressOf(currentUrl(url)));
      return Math.min(50 * attempt, LONGEST_RECONNECT_DELAY_MS);
    },
  });
  redis.on('error', onError);
  redis.connect().catch(() => {});
  return redis;
}

/**
 * Makes a connection for a reader that waits for entries of a stream. It connects when `connect()` is called, never again
 * by itself, and sends nothing a second time: so the reader knows that one server answers it from first to last. It has
 * no timeout either, since waiting is its work: the reader has its own.
 *
 * @example
 * const redis = createReaderConnection('redis://127.0.0.1:6379');
 * await redis.connect();
 */
export function createReaderConnection(url: ConnectionOptions['url']): Redis {
  const redis = new Connection(currentUrl(url), {
    connectionName: 'auth-service-reader',
    lazyConnect: true,
    connectTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Whoever waits for a reply is told.
  redis.on('error', () => {});
  return redis;
}

function currentUrl(url: ConnectionOptions['url']): string {
  return typeof url === 'string' ? url : url();
}

/** Where the URL leads, and as whom, as ioredis reads it. */
function addressOf(url: string): RedisOptions {
  const { host, port, username, password, tls } = new Redis(url, { lazyConnect: true }).options;
  return { host, port, username, password, tls } as RedisOptions;
}
