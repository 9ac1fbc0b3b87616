import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../processes/ports.ts';
import { type RedisServer, startRedisServer } from '../redis/server.ts';

const slots = 16_384;

export type ClusterMember = {
  readonly port: number;
  readonly pid: number;
  /** Its id within the cluster. */
  readonly id: string;
  /** For the test's own commands; it does not follow redirections. */
  readonly redis: Redis;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
};

export type TestCluster = {
  /** redis+cluster://, with all members. */
  readonly url: string;
  readonly members: readonly ClusterMember[];
  /** The member that serves this key, as `asked` or any living member knows. */
  masterOf(key: string, asked?: ClusterMember): Promise<ClusterMember>;
  replicaOf(master: ClusterMember): Promise<ClusterMember>;
  /** Cuts the member off from the others, in both directions. Clients still reach it, as its replicas do. */
  isolate(member: ClusterMember): void;
  /** Ends all isolation. */
  heal(): void;
  stop(): Promise<void>;
};

export type TestClusterOptions = {
  readonly program: string;
  readonly masters?: number;
  /** Whether each master has a replica. Default true. */
  readonly hasReplicas?: boolean;
  /** After this, an unreachable node counts as failed. */
  readonly nodeTimeoutMs?: number;
  /** Further arguments of each server. */
  readonly args?: readonly string[];
};

/**
 * Starts a real Redis Cluster of one test, on random loopback ports: by default three masters, each with a replica.
 * Resolves when every member knows that all slots are served, and the replicas have connected.
 *
 * Members talk to each other through links of this process, so that a test can part them.
 *
 * @example
 * const cluster = await startTestCluster({ program: 'redis-server' });
 * afterAll(() => cluster.stop());
 */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const { masters = 3, hasReplicas = true, nodeTimeoutMs = 4_000 } = options;
  const count = hasReplicas ? 2 * masters : masters;
  const isolated = new Set<number>();
  const buses = await Promise.all(
    Array.from({ length: count }, (_, number) =>
      startBus(number, (from) => isolated.has(number) || isolated.has(from)),
    ),
  );
  const started = await Promise.all(
    buses.map((bus, number) => startMember(number, { bus, nodeTimeoutMs, args: [], ...options })),
  );
  const members = started.map(({ member }) => member);
  await joinAll(members, { buses, masters });

  const living = () => members.filter(({ redis }) => redis.status !== 'end');
  const byPort = (port: number) => {
    const found = members.find((member) => member.port === port);
    if (found === undefined) throw new Error(`No member of the cluster has port ${port}.`);
    return found;
  };
  return {
    url: `redis+cluster://${members.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    members,
    async masterOf(key, asked = living()[0]) {
      if (asked === undefined) throw new Error('All members of the cluster have ended.');
      const slot = await asked.redis.cluster('KEYSLOT', key);
      const ranges = await asked.redis.cluster('SLOTS');
      const range = ranges.find(([from, to]) => from <= slot && slot <= to);
      return byPort(range?.[2]?.[1] ?? 0);
    },
    async replicaOf(master) {
      const lines = (await master.redis.call('CLUSTER', 'REPLICAS', master.id)) as string[];
      return byPort(Number(/:(\d+)@/.exec(lines[0] ?? '')?.[1]));
    },
    isolate(member) {
      isolated.add(members.indexOf(member));
      for (const bus of buses) bus.cutParted();
    },
    heal: () => isolated.clear(),
    async stop() {
      for (const { redis } of members) redis.disconnect();
      await Promise.all(started.map(({ end }) => end()));
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}

/** Where this member's connections come from, so that a link knows who opened it. */
const sourceOf = (number: number) => `127.0.0.${number + 2}`;

async function startMember(
  number: number,
  of: { bus: Bus; nodeTimeoutMs: number; program: string; args: readonly string[] },
): Promise<{ member: ClusterMember; end(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const server: RedisServer = await startRedisServer({
    program: of.program,
    directory,
    durable: false,
    temporary: true,
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-config-file', join(directory, 'nodes.conf')],
      ...['--cluster-node-timeout', String(of.nodeTimeoutMs)],
      ...['--cluster-port', String(of.bus.behind), '--cluster-announce-bus-port', String(of.bus.port)],
      ...['--cluster-announce-ip', '127.0.0.1', '--bind-source-addr', sourceOf(number)],
      // Redis takes 127.0.0.2 for a stranger.
      ...['--protected-mode', 'no'],
      // A second of waiting for more replicas would only make the test longer.
      ...['--repl-diskless-sync-delay', '0'],
      ...of.args,
    ],
  });
  const redis = new Redis(server.port, '127.0.0.1', {
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => (server.child.exit() === undefined ? Math.min(20 * attempt, 200) : null),
  });
  redis.on('error', () => {});
  const member: ClusterMember = {
    port: server.port,
    pid: server.child.pid,
    id: await redis.cluster('MYID'),
    redis,
    kill: async () => {
      await server.child.kill();
      redis.disconnect();
    },
  };
  return {
    member,
    end: async () => {
      server.child.send('SIGCONT');
      await server.child.stop('SIGKILL', 5_000);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function joinAll(
  members: readonly ClusterMember[],
  { buses, masters }: { buses: readonly Bus[]; masters: number },
): Promise<void> {
  for (const [number, { redis }] of members.entries()) {
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', number + 1);
    if (number < masters) {
      const from = Math.ceil((number * slots) / masters);
      const to = Math.ceil(((number + 1) * slots) / masters) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }
    // Each meets all before it, which is faster than to wait until they tell each other.
    for (const [other, { port }] of members.slice(0, number).entries())
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', port, (buses[other] as Bus).port);
  }
  await all(members, async ({ redis }) => {
    const lines = String(await redis.cluster('NODES'))
      .trim()
      .split('\n');
    return lines.length === members.length && !lines.some((line) => /handshake|noaddr/.test(line));
  });
  await Promise.all(
    members
      .slice(masters)
      .map(({ redis }, number) => redis.call('CLUSTER', 'REPLICATE', members[number]?.id as string)),
  );
  await all(members, async ({ redis, id }) => {
    const [info, replication, nodes] = await Promise.all([
      redis.cluster('INFO'),
      redis.info('replication'),
      redis.cluster('NODES') as Promise<string>,
    ]);
    const isUp = /role:master/.test(replication) || /master_link_status:up/.test(replication);
    const replicas = nodes.split('\n').filter((line) => /\bslave\b/.test(line)).length;
    return /cluster_state:ok/.test(info) && isUp && replicas === members.length - masters && id !== '';
  });
}

async function all(
  members: readonly ClusterMember[],
  isSo: (member: ClusterMember) => Promise<boolean>,
): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await sleep(50)) {
    const answers = await Promise.all(members.map((member) => isSo(member)));
    if (answers.every(Boolean)) return;
  }
  throw new Error('The members of the Redis Cluster did not find each other within 120 s.');
}

type Bus = {
  /** Where the other members reach this member. */
  readonly port: number;
  /** Where this member listens. */
  readonly behind: number;
  /** Breaks the connections that may not be. */
  cutParted(): void;
  close(): Promise<void>;
};

/** The way to one member's cluster bus. `isParted` says whether another member may not use it. */
async function startBus(number: number, isParted: (from: number) => boolean): Promise<Bus> {
  const behind = await freePort();
  const open = new Map<Socket, number>();
  const server: Server = createServer((client) => {
    const from = Number(client.remoteAddress?.split('.').at(-1)) - 2;
    if (from !== number && isParted(from)) return void client.destroy();
    const member = openSocket({ port: behind, host: '127.0.0.1' });
    open.set(client, from);
    client.pipe(member).pipe(client);
    for (const [one, other] of [
      [client, member],
      [member, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(client);
        other.destroy();
      });
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    behind,
    cutParted() {
      for (const [socket, from] of open) if (isParted(from)) socket.destroy();
    },
    async close() {
      for (const socket of open.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
