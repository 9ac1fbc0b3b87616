import { type RedisAddress, readRedisUrl } from '@latchkey/service-kit';
import { Cluster, type Command, Redis, type RedisOptions, ReplyError } from 'ioredis';
import { prepareCommand } from './begin-by.ts';
import { commandTimeoutOf, defaultTimeoutMs, type RedisClient } from './client.ts';
import { accessOf, type ClusterAddress, connectCluster, findMaster, type NodeOptions } from './cluster.ts';
import { limitCommand, limitSilence } from './time-limits.ts';

/**
 * A connection without a reply for this long counts as dead, even if nobody closed it, and is replaced. The time is
 * longer where a command may take longer, or a slow Redis would look like a dead connection.
 */
const leastSilentLineMs = 2_000;
const silentLineMarginMs = 1_000;
/** How long a server may take to close its side. A dead connection never does. */
const disconnectTimeoutMs = 100;
const maxReconnectDelayMs = 500;
/** Errors of a replaced master that keeps our connection open. Its address may lead to the new master by now. */
const mayBeReplaced = /^(?:READONLY|NOREPLICAS|MASTERDOWN)\b/;
const lookForAnotherEveryMs = 1_000;
/** Of the time for a command: a frozen sentinel must leave time to ask another one. */
const sentinelShare = 0.3;
const leastSentinelMs = 250;
/** How soon we connect again to a sentinel from which we heard of failovers. */
const sentinelAgainMs = 5_000;
/** From how many sentinels each connection hears of a failover. */
const heardSentinels = 2;
/** What ioredis sends before a connection is ready. */
const ofHandshake: ReadonlySet<string> = new Set(['hello', 'auth', 'client', 'readonly']);

export type ConnectionOptions = {
  /**
   * A URL that readRedisUrl accepts, or a function that returns it. It is called before each connect, because the
   * password may change.
   */
  readonly url: string | (() => string);
  readonly onError: (error: Error) => void;
  /** How long a command or a connect may take. Default 800 ms. */
  readonly commandTimeoutMs?: number;
  /** Default 2 s, or a second more than a command may take, if that is longer. */
  readonly silentLineMs?: number;
};

/** RedisOptions, so that TypeScript knows the form of replies. */
type ServerOptions = Omit<RedisOptions, 'replyMapping'>;

/**
 * After a reconnect ioredis sends unanswered commands again. This class does not send commands that have timed out.
 *
 * When Redis refuses SELECT, ioredis goes on in database 0, which may be somebody else's. Here every command then fails
 * with that error, until a new connection may select its database.
 */
class Connection extends Redis {
  #refusal: Error | undefined;

  constructor(options: ServerOptions) {
    super(options);
    if (options.socketTimeout !== undefined) limitSilence(this, options.socketTimeout);
  }

  get mayUseDatabase(): boolean {
    return this.#refusal === undefined;
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    if (command.name === 'select') this.#heed(command.promise);
    else if (this.#refusal !== undefined && !ofHandshake.has(command.name)) command.reject(this.#refusal);
    if (!prepareCommand(command, this)) return command.promise;
    const { commandTimeout } = this.options;
    if (commandTimeout !== undefined) limitCommand(command, commandTimeout);
    return super.sendCommand(command, stream);
  }

  /** Listens before ioredis does, so that no command passes in between. */
  #heed(selected: Promise<unknown>): void {
    selected.then(
      () => {
        this.#refusal = undefined;
      },
      (error: Error) => {
        if (!(error instanceof ReplyError)) return;
        this.#refusal = error;
        this.disconnect(true);
      },
    );
  }
}

/**
 * Connects to Redis and keeps the connection up. Returns at once: commands sent before it is connected wait for it, at
 * most for the usual command timeout. Reconnects when the connection falls silent, when the server may no longer be
 * the master, and when sentinels name another master.
 *
 * A command whose reply was lost with the connection is sent again after the reconnect, until it times out. So every
 * script must be safe to run twice.
 *
 * @example
 * const redis = connectRedis({ url: 'redis://127.0.0.1:6379', onError: (error) => log.warn({ error }) });
 */
export function connectRedis(options: ConnectionOptions): RedisClient {
  const { url, onError, commandTimeoutMs = defaultTimeoutMs } = options;
  const outlasting = Math.max(leastSilentLineMs, commandTimeoutMs + silentLineMarginMs);
  const { silentLineMs = outlasting } = options;
  const common: NodeOptions = {
    connectionName: 'auth-service',
    lazyConnect: true,
    connectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silentLineMs,
    disconnectTimeout: disconnectTimeoutMs,
    // A Redis that is loading answers with an error, which becomes 503. A ready check would hold back every command.
    enableReadyCheck: false,
  };
  const retryDelayMs = (attempt: number) => Math.min(50 * attempt, maxReconnectDelayMs);
  const first = currentAddress(url);
  if (first.kind === 'cluster') {
    let latest = first;
    const address = (): ClusterAddress => {
      const current = currentAddress(url);
      if (current.kind === 'cluster') latest = current;
      return latest;
    };
    return connectCluster({ address, node: common, retryDelayMs, onError });
  }
  let lookedAt = Number.NEGATIVE_INFINITY;
  const renewAccess = () => {
    const address = currentAddress(url);
    if (address.kind === first.kind) Object.assign(redis.options, optionsFor(address, commandTimeoutMs));
  };
  const redisOptions: ServerOptions = {
    ...optionsFor(first, commandTimeoutMs),
    ...common,
    maxRetriesPerRequest: 1,
    // ioredis would give up for good when it could reach no sentinel once. It asks no retryStrategy meanwhile.
    sentinelRetryStrategy(attempt) {
      renewAccess();
      return retryDelayMs(attempt);
    },
    // Of the connections that hear of failovers. Each keeps the password with which the data connection was made.
    sentinelReconnectStrategy() {
      const { sentinelUsername, sentinelPassword } = redis.options;
      renewAccess();
      const isSame =
        sentinelUsername === redis.options.sentinelUsername &&
        sentinelPassword === redis.options.sentinelPassword;
      if (isSame) return sentinelAgainMs;
      redis.disconnect(true);
      return null;
    },
    reconnectOnError({ message }) {
      const looks = mayBeReplaced.test(message) && performance.now() - lookedAt >= lookForAnotherEveryMs;
      if (looks) lookedAt = performance.now();
      return looks;
    },
    retryStrategy(attempt) {
      renewAccess();
      // ioredis counts a refused database as a success, after which the first attempt comes at once.
      return redis.mayUseDatabase ? retryDelayMs(attempt) : maxReconnectDelayMs;
    },
  };
  const redis = new Connection(redisOptions);
  redis.on('error', onError);
  redis.connect().catch(() => {});
  return redis;
}

/**
 * Makes a connection for a reader that waits for entries of the stream with this key. It connects when `connect()` is
 * called, and never reconnects or resends by itself, so the reader knows that all answers come from one server. It has
 * no command timeout, because the reader has its own. In a cluster, it leads to the master that serves the key now.
 *
 * @throws when the cluster does not say which master that is
 * @example
 * const reader = await createReaderConnection({ redis, url: 'redis://127.0.0.1:6379', key: '{0}:revocations' });
 * await reader.connect();
 */
export async function createReaderConnection(of: {
  readonly redis: RedisClient;
  readonly url: ConnectionOptions['url'];
  readonly key: string;
}): Promise<Redis> {
  const timeoutMs = readerTimeoutOf(of.redis);
  const address = currentAddress(of.url);
  const server =
    address.kind === 'cluster' && of.redis instanceof Cluster
      ? { ...accessOf(address), ...(await findMaster(of.redis, { key: of.key, address })) }
      : optionsFor(address, timeoutMs);
  const readerOptions: ServerOptions = {
    ...server,
    connectionName: 'auth-service-reader',
    lazyConnect: true,
    connectTimeout: timeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    sentinelRetryStrategy: () => null,
    retryStrategy: () => null,
  };
  const reader = new Connection(readerOptions);
  // The pending command's promise reports the error.
  reader.on('error', () => {});
  return reader;
}

/** How long a reader waits for an answer, in milliseconds. It has several to get before it can read. */
export function readerTimeoutOf(redis: RedisClient): number {
  return Math.max(defaultTimeoutMs, commandTimeoutOf(redis));
}

function currentAddress(url: ConnectionOptions['url']): RedisAddress {
  return readRedisUrl(typeof url === 'string' ? url : url());
}

/** The address and credentials, as ioredis wants them. */
function optionsFor(address: RedisAddress, timeoutMs: number): ServerOptions {
  if (address.kind === 'server') {
    const { host, port, username, password, tls, db, family } = new Redis(address.url, { lazyConnect: true })
      .options;
    return { host, port, username, password, tls, db, family } as ServerOptions;
  }
  if (address.kind === 'cluster') return { ...address.nodes[0], ...accessOf(address) };
  const { username, password } = address.sentinelLogin;
  return {
    ...accessOf(address),
    sentinels: [...address.sentinels],
    name: address.master,
    db: address.database,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(address.isEncrypted && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    sentinelCommandTimeout: Math.max(leastSentinelMs, timeoutMs * sentinelShare),
    // A replaced master that nobody told would keep our connections.
    failoverDetector: true,
    sentinelMaxConnections: heardSentinels,
  } as ServerOptions;
}
