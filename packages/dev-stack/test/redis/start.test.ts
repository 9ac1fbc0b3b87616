import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../src/processes/ports.ts';
import { versionFault } from '../../src/redis/check.ts';
import { findRedisServer } from '../../src/redis/find.ts';
import { type RedisOptions, startRedis } from '../../src/redis/start.ts';

let root: string;
let bin: string;
const stops: (() => Promise<void>)[] = [];
const server = findRedisServer() ?? 'redis-server';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  bin = join(root, 'bin');
  mkdirSync(bin);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(root, { recursive: true, force: true });
});

async function start(options: Partial<RedisOptions> = {}) {
  const redis = await startRedis({ directory: join(root, 'redis'), durable: true, ...options });
  stops.push(redis.stop);
  return redis;
}

/** A program in `bin`, the only folder on the PATH. */
function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** The environment of a machine that has only the programs in `bin` and has fetched nothing yet. */
const bare = () => ({ PATH: bin, LATCHKEY_DIRECTORY: root });

async function command(url: string, name: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}

test('a durable Redis keeps its data between starts and listens on loopback alone', async () => {
  const first = await start();
  await command(first.url, 'SET', 'key', 'value');
  expect(await command(first.url, 'CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  expect(await command(first.url, 'INFO', 'memory')).toContain('maxmemory_policy:noeviction');
  await first.stop();
  const second = await start();
  expect(await command(second.url, 'GET', 'key')).toBe('value');
});

test('a frozen Redis answers nobody, goes on as it was when thawed, and can be stopped frozen', async () => {
  const redis = await start();
  await command(redis.url, 'SET', 'key', 'value');
  await redis.freeze();
  const asked = command(redis.url, 'GET', 'key');
  expect(await Promise.race([asked, delay(300, 'silence')])).toBe('silence');
  await redis.thaw();
  expect(await asked).toBe('value');
  await redis.freeze();
  await redis.stop();
  // The server ended without being killed.
  expect(await redis.exited()).toEqual({ code: 0, signal: null });
});

test('a Redis left running in the same folder is stopped first', async () => {
  const orphan = await start();
  const next = await start();
  expect(() => process.kill(orphan.pid as number, 0)).toThrow(/ESRCH/);
  expect(await command(next.url, 'PING')).toBe('PONG');
});

test('the Redis of REDIS_URL is used, and left running', async () => {
  const given = await start();
  const redis = await start({ url: given.url });
  expect(redis).toMatchObject({ url: given.url, pid: undefined });
  await redis.stop();
  expect(await command(given.url, 'PING')).toBe('PONG');
});

test('a REDIS_URL of the shell, which npm start alone heeds, is not read here', async () => {
  const shell = await start();
  const redis = await start({
    directory: join(root, 'other'),
    env: { ...process.env, REDIS_URL: shell.url },
  });
  expect(redis.url).not.toBe(shell.url);
});

test('a database that the Redis of REDIS_URL lacks is named', async () => {
  const given = await start();
  await expect(start({ url: `${given.url}/99` })).rejects.toThrow(
    /^Redis at .* does not work \(ERR DB index is out of range\): repair it, or unset REDIS_URL\.$/,
  );
});

test.each([
  [
    'redis://user:hunter2@127.0.0.1:1',
    /^Redis at 127\.0\.0\.1:1 does not work \(.*ECONNREFUSED.*\): repair it, or unset/,
  ],
  ['localhost', /^REDIS_URL is not a Redis address/],
])('a broken REDIS_URL %s says so in one line, without the password', async (url, message) => {
  const error = await start({ url }).catch((fault: Error) => fault);
  expect(error).toMatchObject({ name: 'DevStackError', message: expect.stringMatching(message) });
  expect((error as Error).message).not.toMatch(/hunter2|\n/);
});

test('data that Redis cannot read is named, with advice', async () => {
  const redis = await start();
  await command(redis.url, 'SET', 'key', 'value');
  await redis.stop();
  const folder = join(root, 'redis', 'appendonlydir');
  const file = readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? '';
  writeFileSync(join(folder, file), 'not what Redis wrote\n'.repeat(10));
  await expect(start()).rejects.toThrow(/^Redis cannot read its data in .*: npm run reset empties it\.$/);
});

test('data of a newer Redis is named, with advice', async () => {
  const redis = await start();
  await redis.stop();
  const folder = join(root, 'redis', 'appendonlydir');
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.base.rdb')) ?? '');
  const data = readFileSync(file);
  // The first nine bytes are REDIS and the version of the format.
  data.write('REDIS9999');
  writeFileSync(file, data);
  await expect(start()).rejects.toThrow(
    /^The data in .* is of a newer Redis: start that one, or empty it with npm run reset\.$/,
  );
});

test('a port in use is named', async () => {
  const first = await start();
  const port = Number(new URL(first.url).port);
  await expect(start({ directory: join(root, 'other'), port })).rejects.toThrow(`Port ${port} is in use`);
});

test('without any Redis and without a terminal, the commands to run are named', async () => {
  program('dnf', 'exit 1');
  await expect(start({ env: bare() })).rejects.toThrow(/dnf install .*valkey.*Docker.*REDIS_URL/);
});

test('the package manager runs only after a yes, and the Redis that it installed is used', async () => {
  program('dnf', `ln -s ${server} ${join(bin, 'redis-server')}`);
  const questions: string[] = [];
  const ask = (answer: string) => ({
    interactive: true,
    ask: async (question: string) => {
      questions.push(question);
      return answer;
    },
  });
  await expect(start({ env: bare(), install: ask('') })).rejects.toThrow(/Redis was not found/);
  const redis = await start({ env: bare(), install: ask('y') });
  expect(await command(redis.url, 'PING')).toBe('PONG');
  expect(questions).toEqual([expect.stringContaining('dnf install'), expect.stringContaining('dnf install')]);
});

test.each([
  ['in CI the system’s package manager', 'dnf', { CI: 'true' }],
  ['Homebrew, which changes nothing of the system’s,', 'brew', {}],
])('%s runs without asking', async (_, manager, env) => {
  program(manager, `ln -s ${server} ${join(bin, 'valkey-server')}`);
  const redis = await start({ env: { ...bare(), ...env } });
  expect(await command(redis.url, 'PING')).toBe('PONG');
});

test('a Redis that an earlier start fetched is used, before Docker is asked', async () => {
  program('docker', 'exit 0');
  const folder = join(root, 'programs', 'redis');
  mkdirSync(folder, { recursive: true });
  symlinkSync(server, join(folder, 'redis-server'));
  const redis = await start({ env: bare() });
  expect(await command(redis.url, 'PING')).toBe('PONG');
});

test.each([
  ['too old', 'echo "Redis server v=6.0.16"', /redis-server is version 6\.0\.16: 7\.0 or later is needed/],
  ['broken', 'echo "no library" >&2; exit 127', /redis-server does not run \(no library\)/],
])('a redis-server on PATH that is %s is passed over, and named', async (_, script, line) => {
  program('redis-server', script);
  const progress: string[] = [];
  const onProgress = (text: string) => void progress.push(text);
  program('dnf', 'exit 1');
  await expect(start({ env: bare(), onProgress })).rejects.toThrow(
    /Redis was not found\. Install it \(.*dnf/,
  );
  expect(progress).toEqual([expect.stringMatching(line)]);
  symlinkSync(server, join(bin, 'valkey-server'));
  const redis = await start({ env: bare() });
  expect(await command(redis.url, 'PING')).toBe('PONG');
});

/** Replaces the engine: runs the real server that `docker run` would, on its own port. Returns the port. */
async function engine(): Promise<number> {
  const port = await freePort();
  program(
    'docker',
    `case "$1" in
      info|image) exit 0 ;;
      run) echo "$@" > ${root}/run; exec ${server} --port 0 --bind 127.0.0.1 --port ${port} --dir ${root} ;;
      port) echo "127.0.0.1:${port}" ;;
    esac`,
  );
  return port;
}

/** Replaces apt by one whose packages hold the server of this machine. Packages hold none without it. */
function apt(packaged?: string): void {
  program(
    'apt-get',
    `case "$*" in
      *simulate*) ${packaged ? 'echo "Inst redis-server (9:1 stable [all])"' : 'echo "E: no network" >&2; exit 100'} ;;
      *download*) touch redis-server.deb ;;
    esac`,
  );
  program('dpkg-deb', `mkdir -p tree/usr/bin; ln -s ${packaged} tree/usr/bin/redis-server`);
}

test.runIf(process.platform === 'linux')(
  'apt is asked before Docker, whose engine may be elsewhere',
  async () => {
    await engine();
    apt(server);
    const redis = await start({ env: bare() });
    expect(await command(redis.url, 'PING')).toBe('PONG');
    expect(existsSync(join(root, 'run'))).toBe(false);
  },
);

test.runIf(process.platform === 'linux')(
  'Docker is asked where apt cannot fetch, and the reason is told',
  async () => {
    const port = await engine();
    apt();
    const progress: string[] = [];
    const redis = await start({ env: bare(), onProgress: (line) => void progress.push(line) });
    expect(redis.url).toBe(`redis://127.0.0.1:${port}`);
    expect(progress.at(-1)).toMatch(/^Redis could not be fetched: no network\. .* Looking for another …$/);
  },
);

test('the package manager is asked where Docker does not start it, and the reason is told', async () => {
  program('docker', '[ "$1" != run ]');
  program('dnf', `ln -s ${server} ${join(bin, 'redis-server')}`);
  const progress: string[] = [];
  const redis = await start({
    env: { ...bare(), CI: 'true' },
    onProgress: (line) => void progress.push(line),
  });
  expect(await command(redis.url, 'PING')).toBe('PONG');
  expect(progress).toEqual([
    expect.stringMatching(/^Redis in Docker did not start: .* Looking for another …$/),
  ]);
});

test('Docker is used when an engine answers, published on loopback alone', async () => {
  const port = await engine();
  const redis = await start({ env: bare() });
  expect(redis.url).toBe(`redis://127.0.0.1:${port}`);
  expect(await command(redis.url, 'PING')).toBe('PONG');
  const run = readFileSync(join(root, 'run'), 'utf8');
  expect(run).toContain('--publish 127.0.0.1::6379');
  // The image's own entrypoint makes root another user, who may not be able to write the folder.
  expect(run).toContain('--entrypoint redis-server');
  await redis.stop();
  await expect(command(redis.url, 'PING')).rejects.toThrow();
});

test('a Redis in Docker that ends at once is told of at once, with what it said', async () => {
  program(
    'docker',
    `case "$1" in
      info|image) exit 0 ;;
      run) echo "1:M 29 Nov 2026 01:13:32.935 # Can't open or create append-only dir: Permission denied"; exit 1 ;;
    esac`,
  );
  await expect(start({ env: bare() })).rejects.toThrow(
    /^Redis in Docker did not start: Can't open or create append-only dir: Permission denied \(.*redis\.log\)$/,
  );
});

test.each([
  ['without an engine', 'exit 1', {}],
  ['that cannot get the image', '[ "$1" = info ]', {}],
  ['whose engine is another machine’s', 'exit 0', { DOCKER_HOST: 'ssh://docker.invalid' }],
  ['whose context is another machine’s', '[ "$1" != context ] || echo ssh://docker.invalid', {}],
])('a Docker %s is passed over', async (_, docker, env) => {
  program('docker', docker);
  program('dnf', 'exit 1');
  await expect(start({ env: { ...bare(), ...env } })).rejects.toThrow(/dnf install/);
});

test.each([
  ['redis_version:6.2.14', 'version 6.2.14'],
  ['redis_version:7.0.0', undefined],
  ['redis_version:10.1.0', undefined],
  ['server:other', 'of unknown version'],
])('the version in %j is judged', (info, fault) => {
  expect(versionFault(info)).toBe(fault);
});
