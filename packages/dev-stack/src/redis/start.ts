import { latchkeyDirectory } from '../directory.ts';
import { DevStackError } from '../errors.ts';
import { hasApt } from '../programs/apt.ts';
import { findOnPath } from '../programs/find-on-path.ts';
import { checkRedis } from './check.ts';
import { dockerAnswers, startDockerRedis } from './docker.ts';
import { fetchRedis, findFetchedRedis } from './fetch.ts';
import { findRedisServer } from './find.ts';
import { hasPackageManager, type InstallOptions, installRedis, redisMissing } from './install.ts';
import { type RedisServer, startRedisServer } from './server.ts';
import { firstOf, type Source } from './sources.ts';

export type RedisOptions = {
  /** Its own folder for data and log; created if missing. */
  directory: string;
  /** Keeps the data between starts. */
  durable: boolean;
  /** Chosen at random when absent. */
  port?: number;
  /** A Redis that runs already, from REDIS_URL: it is used, and none is started. Empty means none. */
  url?: string | undefined;
  /** Where PATH, LATCHKEY_DIRECTORY and CI are read; default process.env. */
  env?: Record<string, string | undefined>;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal;
  install?: Omit<InstallOptions, 'env'>;
};

export type RedisInstance = {
  url: string;
  /** Undefined for a Redis that was given by its URL. */
  readonly pid: number | undefined;
  /** Stops the server; does nothing to a Redis that was given by its URL. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Stops the server if it runs, and starts it again on the same port. */
  restart(): Promise<void>;
  /** Makes the server answer nothing until it is thawed. Its connections and data stay as they are. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Settles when the server of the last start has ended; never for a Redis that was given by its URL. */
  exited(): Promise<unknown>;
};

/**
 * Uses the Redis at `url`, or starts a real one (or Valkey) ≥ 7.0 from the first source that has one: redis-server or
 * valkey-server on PATH; a program that an earlier start fetched; apt; Docker, if an engine answers; another package
 * manager. The engine may be on another machine, whose ports are not ours, so apt comes first: it needs nothing.
 *
 * @throws DevStackError, one line that says what to do
 * @example const redis = await startRedis({ directory: '.latchkey/redis', durable: true });
 */
export async function startRedis(options: RedisOptions): Promise<RedisInstance> {
  const { url, env = process.env, directory, durable, signal, onProgress } = options;
  if (url !== undefined && url !== '') return await external(url);
  const common = { directory, durable, ...(signal === undefined ? {} : { signal }) };

  const docker = findOnPath(['docker'], env['PATH']);
  const [apt, manager] = packageSources({ env, onProgress, signal, install: options.install });
  const containers: Source<RedisInstance>[] =
    docker === undefined
      ? []
      : [
          {
            isHere: () => dockerAnswers(docker, env),
            get: () =>
              managed((port) => startDockerRedis({ ...common, ...port, docker, onProgress }), options.port),
          },
        ];
  const found =
    findProgram(env, onProgress) ??
    (await firstOf<string | RedisInstance>([apt, ...containers, manager], { onProgress, signal }));
  if (found === undefined) throw redisMissing();
  if (typeof found !== 'string') return found;
  return await managed((port) => startRedisServer({ ...common, ...port, program: found }), options.port);
}

export type ProvideOptions = {
  /** Where PATH, LATCHKEY_DIRECTORY and CI are read. */
  env: Record<string, string | undefined>;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  install?: Omit<InstallOptions, 'env'> | undefined;
};

/**
 * Finds the program of a Redis or Valkey server on this machine, or gets one. With apt it is fetched into this clone's
 * folder, without privileges and without asking. Otherwise the system's package manager installs it, see
 * `installRedis`. Does not ask Docker, which has no program for others to run.
 *
 * @returns the path of the program
 * @throws DevStackError, one line that says what to do
 */
export async function provideRedis(options: ProvideOptions): Promise<string> {
  const found = findProgram(options.env) ?? (await firstOf(packageSources(options), options));
  if (found === undefined) throw redisMissing();
  return found;
}

function packageSources(options: ProvideOptions): readonly [apt: Source<string>, manager: Source<string>] {
  const { env, onProgress, signal, install } = options;
  return [
    {
      isHere: () => hasApt(env),
      get: () => fetchRedis({ directory: latchkeyDirectory(env), env, onProgress, signal }),
    },
    {
      isHere: () => hasPackageManager(env),
      get: async () => {
        await installRedis({ ...install, env });
        const installed = findRedisServer(env['PATH']);
        if (installed === undefined)
          throw new DevStackError('Redis was installed but is not on PATH: open a new terminal.');
        return installed;
      },
    },
  ];
}

function findProgram(
  env: Record<string, string | undefined>,
  onFault?: (line: string) => void,
): string | undefined {
  return findRedisServer(env['PATH'], onFault) ?? findFetchedRedis(latchkeyDirectory(env));
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
      // A frozen server would not react to the signal.
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
  const notOurs = () =>
    Promise.reject(new DevStackError('The Redis of REDIS_URL cannot be stopped from here.'));
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
