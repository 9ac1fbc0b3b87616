import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '../redis/find.ts';
import { startRedisServer } from '../redis/server.ts';

export type TestRedis = {
  url: string;
  readonly pid: number;
  /** Ends the server and deletes its folder. */
  stop(): Promise<void>;
  /** Starts it again on the same port, after kill() or in place of the running one. Data is lost unless `durable`. */
  restart(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
};

/**
 * A real Redis of one's own, on a random loopback port and in a temporary folder; up in some 30 ms. Set `durable` to
 * have it keep its data over restart().
 *
 * @throws when the machine has neither redis-server nor valkey-server
 * @example
 * const redis = await startTestRedis();
 * afterAll(() => redis.stop());
 */
export async function startTestRedis({ durable = false }: { durable?: boolean } = {}): Promise<TestRedis> {
  const program = findRedisServer();
  if (program === undefined) {
    throw new Error('The tests need redis-server or valkey-server on PATH: see the start of their output.');
  }
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const options = { program, directory, durable, temporary: true };
  let server = await startRedisServer(options);
  const { port } = server;
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return server.child.pid;
    },
    stop: async () => {
      await server.child.stop('SIGTERM', 5_000);
      rmSync(directory, { recursive: true, force: true });
    },
    restart: async () => {
      await server.child.stop('SIGTERM', 5_000);
      server = await startRedisServer({ ...options, port });
    },
    kill: async () => void (await server.child.kill()),
  };
}
