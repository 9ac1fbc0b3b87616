import { DevStackError } from '../errors.ts';
import { checkRedis } from './check.ts';
import { dockerAnswers, startDockerRedis } from './docker.ts';
import { findOnPath, findRedisServer } from './find.ts';
import { type InstallOptions, installRedis } from './install.ts';
import { type RedisServer, startRedisServer } from './server.ts';

export type RedisOptions = {
  /** Folder of its own for data and log; made when missing. */
  directory: string;
  /** true: keeps its data between starts. */
  durable: boolean;
  /** Chosen at random when absent. */
  port?: number;
  /** Where REDIS_URL, PATH and CI are read; default process.env. */
  env?: Record<string, string | undefined>;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal;
  install?: Omit<InstallOptions, 'env'>;
};

export type RedisInstance = {
  url: string;
  /** undefined when it is not ours, but what REDIS_URL names. */
  readonly pid: number | undefined;
  /** Ends it; does nothing to a Redis that is not ours. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Ends it if it runs and starts it again on the same port. */
  restart(): Promise<void>;
  /** Has it answer nobody until it is thawed: its connections and its data stay as they are. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Settles when the server of the last start has ended; never for one that is not ours. */
  exited(): Promise<unknown>;
};

/**
 * A real Redis (or Valkey) ≥ 7.0, from the first source that works: REDIS_URL; redis-server or valkey-server on PATH;
 * Docker, when an engine answers; the system's package manager, after asking.
 *
 * @throws DevStackError, one line that says what to do
 * @example const redis = await startRedis({ directory: '.latchkey/redis', durable: true });
 */
export async function startRedis(options: RedisOptions): Promise<RedisInstance> {
  const { env = process.env, directory, durable, signal, onProgress } = options;
  const url = env['REDIS_URL'];
  if (url !== undefined && url !== '') return await external(url);
  const common = { directory, durable, ...(signal === undefined ? {} : { signal }) };

  let program = findRedisServer(env['PATH']);
  if (program === undefined) {
    const docker = findOnPath(['docker'], env['PATH']);
    if (docker !== undefined && dockerAnswers(docker)) {
      return await managed(
        (port) => startDockerRedis({ ...common, ...port, docker, onProgress }),
        options.port,
      );
    }
    await installRedis({ ...options.install, env });
    program = findRedisServer(env['PATH']);
    if (program === undefined)
      throw new DevStackError('Redis was installed but is not on PATH: open a new terminal.');
  }
  const found = program;
  return await managed((port) => startRedisServer({ ...common, ...port, program: found }), options.port);
}

async function managed(
  start: (port: { port?: number }) => Promise<RedisServer>,
  wanted: number | undefined,
): Promise<RedisInstance> {
  let server = await start(wanted === undefined ? {} : { port: wanted });
  const { port } = server;
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return server.child.pid;
    },
    stop: async () => {
      // Frozen it would not hear the signal.
      await server.thaw();
      await server.child.stop('SIGTERM', 10_000);
    },
    kill: async () => void (await server.child.kill()),
    restart: async () => {
      await server.thaw();
      await server.child.stop('SIGTERM', 10_000);
      server = await start({ port });
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    exited: () => server.child.exited,
  };
}

async function external(url: string): Promise<RedisInstance> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new DevStackError('REDIS_URL is not a Redis address: write redis://host:port, or unset it.');
  }
  await checkRedis(url);
  const notOurs = () => Promise.reject(new DevStackError('The Redis of REDIS_URL is not ours to stop.'));
  return {
    url,
    pid: undefined,
    stop: async () => {},
    kill: notOurs,
    restart: notOurs,
    freeze: notOurs,
    thaw: notOurs,
    exited: () => new Promise(() => {}),
  };
}
