import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '../redis/find.ts';
import { type RedisServer, startRedisServer } from '../redis/server.ts';
import { makeAsNew, settingsOf } from './redis-reuse.ts';

export type TestRedis = {
  url: string;
  /** After reading this, a test may do anything to the process: the server is not reused. */
  readonly pid: number;
  /** Ends the server and deletes its folder, or keeps it for the next caller. */
  stop(): Promise<void>;
  /** Starts the server again on the same port, stopping it first if it runs. Data is lost unless `durable`. */
  restart(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
};

type Server = RedisServer & { directory: string; settings: string };

/** Stopped servers that are like new, for reuse. Their leashes end them with this process. */
const idle: Server[] = [];
let program: string | undefined;

/**
 * Starts a real, empty Redis for one test, on a random loopback port and in a temporary folder. With `durable` it keeps
 * its data over restart(). `args` are further arguments of the server.
 *
 * A start costs a quarter of a second of processor time. So stop() empties a server that was not configured, killed or
 * frozen and has no file of data, and the next caller in this process gets it.
 *
 * @throws when the machine has neither redis-server nor valkey-server
 * @example
 * const redis = await startTestRedis();
 * afterAll(() => redis.stop());
 */
export async function startTestRedis(
  options: { durable?: boolean; args?: readonly string[] } = {},
): Promise<TestRedis> {
  const { durable = false, args = [] } = options;
  const isUsual = !durable && args.length === 0;
  let server = (isUsual ? idle.pop() : undefined) ?? (await start({ durable, args }));
  const { port, directory } = server;
  let isReusable = isUsual;
  let isStopped = false;
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      isReusable = false;
      return server.child.pid;
    },
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      if (isReusable && (await makeAsNew(port, server.settings)) && hasNoData(directory))
        return void idle.push(server);
      await server.child.stop('SIGTERM', 5_000);
      rmSync(directory, { recursive: true, force: true });
    },
    restart: async () => {
      isReusable = false;
      await server.child.stop('SIGTERM', 5_000);
      server = await start({ durable, args, port, directory });
    },
    kill: async () => {
      isReusable = false;
      await server.child.kill();
    },
  };
}

/** A file that SAVE or a replication left would come back with the server's next restart. */
function hasNoData(directory: string): boolean {
  return readdirSync(directory).every((name) => name === 'redis.log' || name === 'redis.pid');
}

async function start(options: {
  durable: boolean;
  args: readonly string[];
  port?: number;
  directory?: string;
}): Promise<Server> {
  program ??= findRedisServer();
  if (program === undefined) {
    throw new Error('The tests need redis-server or valkey-server on PATH: see the start of their output.');
  }
  const { directory = mkdtempSync(join(tmpdir(), 'latchkey-redis-')) } = options;
  const server = await startRedisServer({ ...options, program, directory, temporary: true });
  return { ...server, directory, settings: await settingsOf(server.port) };
}
