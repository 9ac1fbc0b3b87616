import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError, explainText } from '../errors.ts';
import { type Child, startChild } from '../processes/child.ts';
import { serverEnvironment } from '../processes/environment.ts';
import { stopOrphan } from '../processes/orphan.ts';
import { freePort } from '../processes/ports.ts';
import { checkRedis, isAnswering } from './check.ts';

/** Two minutes, so that an overloaded machine is not taken for a server that hangs. One that ends is noticed at once. */
const answersMs = 120_000;

export type RedisServerOptions = {
  /** redis-server or valkey-server, by name or path. */
  program: string;
  directory: string;
  durable: boolean;
  /** Chosen at random when absent. */
  port?: number;
  temporary?: boolean;
  signal?: AbortSignal;
  /** Further arguments, which come last. */
  args?: readonly string[];
  /** The server's configuration file, instead of the usual settings. It must say the folder. */
  configuration?: (port: number) => string;
};

export type RedisServer = {
  child: Child;
  port: number;
  freeze(): Promise<void>;
  /** Does nothing if the server is not frozen or has ended. */
  thaw(): Promise<void>;
};

/**
 * Starts a Redis or Valkey process on loopback, with its files in `directory`, and waits until it answers a PING.
 * With `durable`, writes are appended to a file, and synced each second unless the server is temporary. Otherwise nothing is
 * written to disk.
 *
 * @throws DevStackError, one line, when it cannot start or is older than 7.0
 */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const { program, signal } = options;
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, 'redis.log');
  const pidFile = join(directory, 'redis.pid');
  // On Debian redis-server is a link to redis-check-rdb, which behaves by the name it is started with.
  await stopOrphan({ pidFile, program: /^(redis|valkey)-/, directory, signal: 'SIGTERM' });
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const port = options.port ?? (await freePort());
    const orphan = {
      signal: 'SIGTERM',
      ...(options.temporary === true ? { remove: directory } : {}),
    } as const;
    const child = await startChild(program, argumentsFor(directory, { ...options, port }), {
      env: serverEnvironment(),
      logFile,
      orphan,
    });
    try {
      await untilReady(child, port, signal);
      const { processId } = await checkRedis(`redis://127.0.0.1:${port}`, answersMs);
      // If another server has the port, it answers while ours is about to fail.
      if (processId === child.pid) {
        const freeze = async () => child.send('SIGSTOP');
        const thaw = async () => child.send('SIGCONT');
        return { child, port, freeze, thaw };
      }
      await Promise.race([child.exited, sleep(2_000)]);
      throw new DevStackError('Another Redis answered.');
    } catch (error) {
      await child.stop('SIGTERM', 5_000);
      if (signal?.aborted === true) throw error;
      const log = readFileSync(logFile, 'utf8');
      const taken = /Address already in use|Could not create server TCP/i.test(log);
      if (taken && options.port === undefined && attempt < 5) continue;
      if (taken) throw new DevStackError(`Port ${port} is in use, so Redis cannot start there.`);
      if (/Can't handle RDB format version/i.test(log)) {
        throw new DevStackError(
          `The data in ${directory} is of a newer Redis: start that one, or empty it with npm run reset.`,
        );
      }
      if (/Bad file format|AOF loading aborted|corrupt|Unexpected end of file/i.test(log)) {
        throw new DevStackError(`Redis cannot read its data in ${directory}: npm run reset empties it.`);
      }
      if (/: 7\.0 or later/.test(String(error))) throw error;
      throw new DevStackError(explainText(log) ?? `Redis did not start: ${lastLineOf(log)} (${logFile})`);
    }
  }
}

/** What Redis said last, without its number, role and time. */
export function lastLineOf(log: string): string {
  const line = log.trim().split('\n').at(-1) ?? '';
  return line.replace(/^\d+:\w .*? [*#.-] /, '');
}

function argumentsFor(directory: string, options: RedisServerOptions & { port: number }): string[] {
  const { port, configuration, args = [] } = options;
  if (configuration === undefined) return [...serverArguments(directory, options), ...args];
  const file = join(directory, 'redis.conf');
  writeFileSync(file, configuration(port));
  return [file, ...args];
}

function serverArguments(
  directory: string,
  { port, durable, temporary }: { port: number; durable: boolean; temporary?: boolean | undefined },
): string[] {
  return [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
    ...['--save', '', '--appendonly', durable ? 'yes' : 'no'],
    // While a sync takes long, Redis holds writes back, and loses them when it is killed. A temporary one need not outlive
    // the machine, so it syncs nothing.
    ...['--appendfsync', temporary === true ? 'no' : 'everysec'],
    ...['--maxmemory-policy', 'noeviction'],
    ...['--daemonize', 'no', '--databases', '1', '--pidfile', join(directory, 'redis.pid')],
  ];
}

async function untilReady(child: Child, port: number, signal?: AbortSignal): Promise<void> {
  for (const end = Date.now() + answersMs; Date.now() < end; await sleep(5)) {
    signal?.throwIfAborted();
    if (child.exit() !== undefined) throw new DevStackError('Redis ended while starting.');
    if (await isAnswering(port)) return;
  }
  throw new DevStackError(`Redis did not answer within ${answersMs / 1000} s.`);
}
