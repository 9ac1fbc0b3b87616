import { type Command, Redis, type RedisOptions } from 'ioredis';

/**
 * So that a request gets 503 within a second when Redis is dead or frozen. ioredis' defaults take 73 s, or for ever.
 * The default of REDIS_TIMEOUT_MS.
 */
export const defaultTimeoutMs = 800;
/** A connection without a reply for this long counts as dead, even if nobody closed it, and is replaced. */
const defaultSilentLineMs = 2_000;
/** How long a server may take to close its side. A dead connection never does. */
const disconnectTimeoutMs = 100;
const maxReconnectDelayMs = 500;
/** Errors of a replaced master that keeps our connection open. Its address may lead to the new master by now. */
const mayBeReplaced = /^(?:READONLY|NOREPLICAS|MASTERDOWN)\b/;
const lookForAnotherEveryMs = 1_000;

export type ConnectionOptions = {
  /**
   * A redis:// URL, or a function that returns it. It is called before each connect, because the password may change.
   */
  readonly url: string | (() => string);
  readonly onError: (error: Error) => void;
  /** How long a command or a connect may take. Default 800 ms. */
  readonly commandTimeoutMs?: number;
  /** Default 2 s. */
  readonly silentLineMs?: number;
};

/** The connection broke before Redis answered. Nothing was sent on the connection that replaced it. */
export class ConnectionReplacedError extends Error {}

const sentScripts = new WeakSet<Command>();

/** After a reconnect ioredis sends unanswered commands again. This class does not send commands that have timed out. */
class Connection extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    if (command.isSettled) return command.promise;
    if (/^eval(sha)?$/.test(command.name)) {
      // A script's deadline is by the clock of the previous server, so the caller must set a new one.
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
 * Connects to Redis and keeps the connection up. Returns at once: commands sent before it is connected wait for it, at
 * most for the usual command timeout. Reconnects when the connection falls silent, and when the server may no longer be
 * the master.
 *
 * A command whose reply was lost with the connection is sent again after the reconnect, until it times out. So every
 * script must be safe to run twice.
 *
 * @example
 * const redis = connectRedis({ url: 'redis://127.0.0.1:6379', onError: (error) => log.warn({ error }) });
 */
export function connectRedis(options: ConnectionOptions): Redis {
  const { url, onError, commandTimeoutMs = defaultTimeoutMs, silentLineMs = defaultSilentLineMs } = options;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const redis = new Connection(currentUrl(url), {
    connectionName: 'auth-service',
    lazyConnect: true,
    connectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silentLineMs,
    disconnectTimeout: disconnectTimeoutMs,
    // A Redis that is loading answers with an error, which becomes 503. A ready check would hold back every command.
    enableReadyCheck: false,
    maxRetriesPerRequest: 1,
    reconnectOnError({ message }) {
      const looks = mayBeReplaced.test(message) && performance.now() - lookedAt >= lookForAnotherEveryMs;
      if (looks) lookedAt = performance.now();
      return looks;
    },
    retryStrategy(attempt) {
      Object.assign(redis.options, addressOf(currentUrl(url)));
      return Math.min(50 * attempt, maxReconnectDelayMs);
    },
  });
  redis.on('error', onError);
  redis.connect().catch(() => {});
  return redis;
}

/**
 * Makes a connection for a reader that waits for entries of a stream. It connects when `connect()` is called, and never
 * reconnects or resends by itself, so the reader knows that all answers come from one server. It has no command
 * timeout, because the reader has its own.
 *
 * @example
 * const redis = createReaderConnection('redis://127.0.0.1:6379');
 * await redis.connect();
 */
export function createReaderConnection(url: ConnectionOptions['url']): Redis {
  const redis = new Connection(currentUrl(url), {
    connectionName: 'auth-service-reader',
    lazyConnect: true,
    connectTimeout: defaultTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The pending command's promise reports the error.
  redis.on('error', () => {});
  return redis;
}

function currentUrl(url: ConnectionOptions['url']): string {
  return typeof url === 'string' ? url : url();
}

/** The address and credentials of the URL, as ioredis parses them. */
function addressOf(url: string): RedisOptions {
  const { host, port, username, password, tls } = new Redis(url, { lazyConnect: true }).options;
  return { host, port, username, password, tls } as RedisOptions;
}
