import type { RedisAddress } from '@latchkey/service-kit';
import { Cluster, type ClusterOptions, Command, type Redis } from 'ioredis';
import { prepareCommand } from './begin-by.ts';
import { commandTimeoutOf, type RedisClient } from './client.ts';
import { revocationsKey, shardOfKey } from './key-names.ts';
import { limitCommand, limitSilence } from './time-limits.ts';

export type ClusterAddress = RedisAddress & { readonly kind: 'cluster' };

/** Enough tags for one key at each of some hundred masters. */
const mostTags = 4_096;

/** Commands wait here until the nodes are known, so the timeout must begin here. */
class ClusterConnection extends Cluster {
  override sendCommand(
    command: Command,
    ...where: [Parameters<Redis['sendCommand']>[1]?, unknown?]
  ): unknown {
    if (command.isSettled) return command.promise;
    limitCommand(command, commandTimeoutOf(this));
    return super.sendCommand(command, ...where);
  }
}

/** Options that suit one server and each node of a cluster. */
export type NodeOptions = Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>;

export type ClusterConnectionOptions = {
  /** Called before each connect, because the password may change. */
  readonly address: () => ClusterAddress;
  /** For the connection to each node. */
  readonly node: NodeOptions;
  readonly retryDelayMs: (attempt: number) => number;
  readonly onError: (error: Error) => void;
};

/**
 * Connects to a Redis Cluster. Returns at once, like connectRedis. ioredis follows MOVED and ASK, repeats after TRYAGAIN,
 * CLUSTERDOWN and a lost connection, and learns the new masters, until the command times out.
 */
export function connectCluster({ address, node, retryDelayMs, onError }: ClusterConnectionOptions): Cluster {
  const cluster = new ClusterConnection([...address().nodes], {
    lazyConnect: true,
    // Errors of a node that is loading become 503. Checks would hold back every command.
    enableReadyCheck: false,
    redisOptions: node,
    slotsRefreshTimeout: node.connectTimeout ?? 1_000,
    clusterRetryStrategy: retryDelayMs,
    // A certificate names hosts, so their names must stay.
    dnsLookup: (name, found) => found(null, name),
  });
  cluster.on('+node', (connection: Redis) => {
    renewAccess([connection, ...cluster.nodes()], address());
    if (node.socketTimeout !== undefined) limitSilence(connection, node.socketTimeout);
    const send = connection.sendCommand.bind(connection);
    connection.sendCommand = (command, stream) => {
      if (!prepareCommand(command, connection)) return command.promise;
      limitCommand(command, commandTimeoutOf(cluster));
      return send(command, stream);
    };
  });
  cluster.on('error', onError);
  cluster.on('node error', onError);
  cluster.connect().catch(() => {});
  return cluster;
}

/** How ioredis gets in: to any node of the cluster. */
export function accessOf({ login, isEncrypted }: Pick<ClusterAddress, 'login' | 'isEncrypted'>): NodeOptions {
  return { ...login, ...(isEncrypted && { tls: {} }) };
}

function renewAccess(nodes: readonly Redis[], address: ClusterAddress): void {
  for (const node of nodes) Object.assign(node.options, accessOf(address));
}

/**
 * Asks the cluster anew which master serves the key, and returns its address.
 *
 * @throws when no node answers, or none serves the key
 */
export async function findMaster(
  cluster: Cluster,
  { key, address }: { readonly key: string; readonly address: ClusterAddress },
): Promise<{ host: string; port: number }> {
  // ioredis asks over copies of its connections, whose password may have changed since.
  renewAccess(cluster.nodes(), address);
  // Right after connectCluster there is no node yet that could be asked.
  if (cluster.slots.length === 0) await cluster.ping();
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
  });
  const master = masterFor(cluster, key);
  if (master === undefined) throw new Error('No node of the cluster serves this key.');
  const colon = master.lastIndexOf(':');
  return { host: master.slice(0, colon), port: Number(master.slice(colon + 1)) };
}

/**
 * The connections to every server that may be written to: the masters of a cluster, or the one server. Rejects when the
 * cluster does not answer.
 */
export async function mastersOf(client: RedisClient): Promise<Redis[]> {
  if (!(client instanceof Cluster)) return [client];
  // Until a cluster is connected, every node that the URL names passes for a master.
  await client.ping();
  return client.nodes('master');
}

/**
 * Makes keys until every master serves one of them. A single server gets the first.
 *
 * @example onePerMaster(redis, (tag) => `{${tag}}:probe`);
 */
export function onePerMaster(redis: RedisClient, keyOf: (tag: number) => string): string[] {
  if (!(redis instanceof Cluster)) return [keyOf(0)];
  const missing = new Set(redis.slots.map(([master]) => master));
  const keys: string[] = [];
  for (let tag = 0; tag < mostTags && (missing.size > 0 || keys.length === 0); tag += 1) {
    if (missing.delete(masterFor(redis, keyOf(tag))) || redis.slots.length === 0) keys.push(keyOf(tag));
  }
  return keys;
}

/**
 * The shard of a key that has one. Otherwise one that the same server has: when it lacks the key, it may lack that
 * shard's data, too. A master without shards has no such witness; then it is the first shard.
 */
export function shardBeside(redis: RedisClient, key: string, shards: number): number {
  const own = shardOfKey(key);
  if (own !== undefined && own < shards) return own;
  if (!(redis instanceof Cluster)) return 0;
  const master = masterFor(redis, key);
  const all = Array.from({ length: shards }, (_, shard) => shard);
  return all.find((shard) => masterFor(redis, revocationsKey(shard)) === master) ?? 0;
}

function masterFor(cluster: Cluster, key: string): string | undefined {
  const slot = new Command('exists', [key]).getSlot();
  return cluster.slots[slot ?? -1]?.[0];
}
