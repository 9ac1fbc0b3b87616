import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';
import { type Child, exitOf, startChild } from '../processes/child.ts';
import { checkRedis, isAnswering } from './check.ts';
import { lastLineOf, type RedisServer } from './server.ts';

const image = 'redis:8';
const maxPullMs = 120_000;

export type DockerRedisOptions = {
  /** Path of the docker program. */
  docker: string;
  directory: string;
  durable: boolean;
  port?: number;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal;
};

// An engine on another machine would publish the port on its own loopback, not on ours.
const localEngine = /^$|^(unix|npipe):/;

/** Whether a Docker engine of this machine answers; the docker program alone does not mean that one runs. */
export function dockerAnswers(docker: string, env: Record<string, string | undefined>): boolean {
  if (!localEngine.test(env['DOCKER_HOST'] ?? '')) return false;
  const context = spawnSync(docker, ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
    encoding: 'utf8',
    timeout: 5_000,
  });
  // What imitates docker may know no contexts.
  if (context.status === 0 && !localEngine.test(context.stdout.trim())) return false;
  return spawnSync(docker, ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 }).status === 0;
}

/** Pulls the image if the engine does not have it. @throws DevStackError, one line */
async function fetchRedisImage(options: DockerRedisOptions): Promise<void> {
  const { docker, directory, onProgress, signal } = options;
  if (spawnSync(docker, ['image', 'inspect', image], { timeout: 5_000 }).status === 0) return;
  onProgress?.(`Fetching the image ${image} …`);
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, 'redis.log');
  const pull = await startChild(docker, ['pull', '--quiet', image], {
    env: process.env,
    logFile,
    orphan: { signal: 'SIGTERM' },
  });
  // An unreachable registry may take long to fail.
  const timer = setTimeout(() => void pull.kill(), maxPullMs);
  const { code } = await exitOf(pull, { signal, end: () => pull.kill() }).finally(() => clearTimeout(timer));
  if (code !== 0)
    throw new DevStackError(`Docker cannot fetch the image ${image}: check the network, or install Redis.`);
}

/**
 * Starts Redis in a container, published only on loopback, with its data in `directory`. Pulls the image if the engine
 * does not have it. The container is a foreground `docker run --rm`, so a signal that ends our child ends the container
 * too.
 *
 * @throws DevStackError, one line
 */
export async function startDockerRedis(options: DockerRedisOptions): Promise<RedisServer> {
  const { docker, durable, signal } = options;
  await fetchRedisImage(options);
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, 'redis.log');
  const name = `latchkey-redis-${randomBytes(4).toString('hex')}`;
  const user =
    process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid?.() ?? 0}`];
  const child = await startChild(
    docker,
    [
      ...['run', '--rm', '--name', name, '--publish', `127.0.0.1:${options.port ?? ''}:6379`],
      // Not the image's own entrypoint: as root, it would give the folder to another user, or fail to write it.
      ...[...user, '--volume', `${directory}:/data`, '--entrypoint', 'redis-server', image],
      ...['--save', '', '--appendonly', durable ? 'yes' : 'no', '--databases', '1'],
      // Our requests do not come from the container's own loopback. The port is published on ours alone.
      ...['--maxmemory-policy', 'noeviction', '--protected-mode', 'no'],
    ],
    { env: process.env, logFile, orphan: { signal: 'SIGTERM' } },
  );
  try {
    const port = await publishedPort(child, { docker, name, logFile, signal });
    await checkRedis(`redis://127.0.0.1:${port}`);
    const tell = (command: 'pause' | 'unpause') => spawnSync(docker, [command, name], { timeout: 10_000 });
    const freeze = async () => void tell('pause');
    // If the container is not paused, docker only prints a message.
    const thaw = async () => void tell('unpause');
    return { child, port, freeze, thaw };
  } catch (error) {
    await child.stop('SIGTERM', 10_000);
    throw error;
  }
}

async function publishedPort(
  child: Child,
  of: { docker: string; name: string; logFile: string; signal: AbortSignal | undefined },
): Promise<number> {
  const { docker, name, logFile, signal } = of;
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
    signal?.throwIfAborted();
    if (child.exit() !== undefined) {
      const line = lastLineOf(readFileSync(logFile, 'utf8'));
      throw new DevStackError(`Redis in Docker did not start: ${line} (${logFile})`);
    }
    const { stdout } = spawnSync(docker, ['port', name, '6379/tcp'], { encoding: 'utf8', timeout: 5_000 });
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(stdout ?? '')?.[1]);
    if (port > 0 && (await isAnswering(port))) return port;
  }
  throw new DevStackError('Redis in Docker did not answer within 30 s: look at docker ps, or install Redis.');
}
