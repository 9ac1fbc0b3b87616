import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { hasApt } from '../../src/programs/apt.ts';
import { fetchRedis, findFetchedRedis } from '../../src/redis/fetch.ts';
import { startRedisServer } from '../../src/redis/server.ts';

let root: string;
let directory: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  directory = join(root, 'folder: of its own');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes the machine's own apt use only `source`, with the most lenient settings that a machine can have. */
function aptWith(source: string): NodeJS.ProcessEnv {
  writeFileSync(join(root, 'sources.list'), `${source}\n`);
  writeFileSync(
    join(root, 'apt.conf'),
    `Dir::Etc::sourcelist "${root}/sources.list"; Dir::Etc::sourceparts "/dev/null";
     APT::Get::AllowUnauthenticated "true"; Acquire::AllowInsecureRepositories "true";`,
  );
  return { ...process.env, APT_CONFIG: join(root, 'apt.conf') };
}

/** An unsigned repository. Each package holds a library and a server that prints `says`. */
function repository(packages: string[], says: string): string {
  const folder = join(root, 'repository');
  const entries = packages.map((name) => {
    const tree = join(root, name);
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 });
    mkdirSync(join(tree, 'usr', 'bin'), { recursive: true });
    mkdirSync(join(tree, 'usr', 'lib'));
    writeFileSync(join(tree, 'usr', 'lib', `lib${name}.so.1`), '');
    mkdirSync(folder, { recursive: true });
    const control = `Package: ${name}\nVersion: 9:1\nArchitecture: all\nMaintainer: nobody\nDescription: test\n`;
    writeFileSync(join(tree, 'DEBIAN', 'control'), control);
    writeFileSync(join(tree, 'usr', 'bin', name), `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
    const file = join(folder, `${name}.deb`);
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, file]);
    const content = readFileSync(file);
    const digest = createHash('sha256').update(content).digest('hex');
    return `${control}Filename: ./${name}.deb\nSize: ${content.length}\nSHA256: ${digest}\n`;
  });
  writeFileSync(join(folder, 'Packages'), entries.join('\n'));
  return folder;
}

const fetchWith = (env: NodeJS.ProcessEnv, signal?: AbortSignal) => fetchRedis({ directory, env, signal });
const leftBehind = () => readdirSync(join(directory, 'programs'));

describe.skipIf(!hasApt(process.env))('on a system with apt (skipped elsewhere)', () => {
  test('fetches the signed Redis of the distribution, which runs', async ({ skip }) => {
    const program = await fetchWith(process.env).catch((error: Error) => {
      if (/resolving|connect|timed out|unreachable/i.test(error.message)) skip(error.message);
      throw error;
    });
    expect(program).toMatch(/programs\/redis\/redis-server$/);
    expect(findFetchedRedis(directory)).toBe(program);
    expect(readdirSync(directory)).toEqual(['programs']);
    expect(leftBehind()).toEqual(['redis']);
    // The server reports the started process's id only if the script has replaced itself with the server.
    const server = await startRedisServer({ program, directory: join(root, 'data'), durable: false });
    await server.child.stop('SIGTERM', 5_000);
  });

  test.each([
    [
      'there is no network',
      () => 'deb http://127.0.0.1:1/ stable main',
      /^Redis could not be fetched: (Could not|Unable to) connect to 127\.0\.0\.1:1\b.*\. Fix that, or install Redis/,
    ],
    [
      'nobody signed it, even where the machine’s settings would let it pass',
      () => `deb file:${repository(['redis-server', 'redis-tools'], 'Redis server v=7.2.0')} ./`,
      /^Redis could not be fetched: .*does not have a Release file\. Fix that, or install/,
    ],
    [
      'it is too old',
      () =>
        `deb [trusted=yes] file:${repository(['redis-server', 'redis-tools'], 'Redis server v=6.0.16')} ./`,
      /^Redis could not be fetched: what this system has is version 6\.0\.16\. .*install Redis 7\.0 or later/,
    ],
    [
      'it does not run here',
      () => `deb [trusted=yes] file:${repository(['redis-server', 'redis-tools'], 'no version')} ./`,
      /^Redis could not be fetched: what this system has does not run/,
    ],
    [
      'the distribution has none',
      () => `deb [trusted=yes] file:${repository(['other-server'], '')} ./`,
      /^Redis could not be fetched: this system has no package redis-server or valkey-server\./,
    ],
  ])('says in one line what to do when %s, and leaves nothing', async (_, source, message) => {
    const error = await fetchWith(aptWith(source())).catch((fault: Error) => fault);
    expect(error).toMatchObject({ name: 'DevStackError', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
    expect(leftBehind()).toEqual([]);
    expect(findFetchedRedis(directory)).toBeUndefined();
  });

  test('has the program find its libraries, whatever its folder is called', async () => {
    const says = 'Redis server v=7.2.0 in $PWD, libraries in $LD_LIBRARY_PATH';
    const source = `deb [trusted=yes] file:${repository(['redis-server', 'redis-tools'], says)} ./`;
    const output = execFileSync(await fetchWith(aptWith(source)), ['--version'], { encoding: 'utf8' });
    const [, folder = '', libraries = ''] = /in (.*), libraries in (.*)/.exec(output) ?? [];
    // Reads the path as the loader does.
    const found = libraries.split(/[:;]/).flatMap((library) => readdirSync(resolve(folder, library)));
    expect(found).toEqual(['libredis-server.so.1', 'libredis-tools.so.1']);
  });

  test('writes into its own folder alone, also where the machine names others for what apt keeps', async () => {
    const machines = join(root, 'of the machine');
    for (const folder of ['lists', 'archives', 'log'])
      mkdirSync(join(machines, folder, 'partial'), { recursive: true });
    const before = readdirSync(machines, { recursive: true });
    const folder = repository(['redis-server', 'redis-tools'], 'Redis server v=7.2.0');
    const env = aptWith(`deb [trusted=yes] file:${folder} ./`);
    const settings = {
      ...{ 'State::lists': 'lists', 'State::extended_states': 'extended_states' },
      ...{
        'Cache::archives': 'archives',
        'Cache::pkgcache': 'pkgcache',
        'Cache::srcpkgcache': 'srcpkgcache',
      },
      ...{ 'Log::Terminal': 'log/terminal', 'Log::History': 'log/history', 'Log::Planner': 'log/planner' },
    };
    const lines = Object.entries(settings).map(([name, file]) => `Dir::${name} "${join(machines, file)}";\n`);
    appendFileSync(join(root, 'apt.conf'), lines.join(''));
    expect(findFetchedRedis(directory)).toBeUndefined();
    expect(await fetchWith(env)).toBe(findFetchedRedis(directory));
    expect(readdirSync(machines, { recursive: true })).toEqual(before);
  });

  test('asks the proxy that npm and Node.js are told to ask, also one in capitals alone', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createHttpServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void proxy.close());
    await once(proxy, 'listening');
    const names = /^(http|no)_proxy$/i;
    const own = Object.entries(aptWith('deb http://packages.invalid/ stable main'));
    const env = Object.fromEntries(own.filter(([key]) => !names.test(key)));
    const { port } = proxy.address() as AddressInfo;
    await expect(fetchWith({ ...env, HTTP_PROXY: `http://127.0.0.1:${port}` })).rejects.toThrow();
    expect(asked[0]).toMatch(/^http:\/\/packages\.invalid\/dists\/stable\//);
  });

  test('two at once take Valkey where there is no Redis, in place of a fetched one that no longer runs', async () => {
    const broken = join(directory, 'programs', 'redis', 'redis-server');
    mkdirSync(join(broken, '..'), { recursive: true });
    writeFileSync(broken, '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    expect(findFetchedRedis(directory)).toBeUndefined();
    const folder = repository(['valkey-server', 'valkey-tools'], 'Valkey server v=8.1.0');
    const env = aptWith(`deb [trusted=yes] file:${folder} ./`);
    const [program, another] = await Promise.all([fetchWith(env), fetchWith(env)]);
    expect(program).toMatch(/programs\/redis\/valkey-server$/);
    expect(another).toBe(program);
    expect(findFetchedRedis(directory)).toBe(program);
    expect(leftBehind()).toEqual(['redis']);
    expect(existsSync(broken)).toBe(false);
  });

  test('a start that is stopped while it fetches ends at once and leaves nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const asked = once(silent, 'connection');
    const controller = new AbortController();
    const { port } = silent.address() as AddressInfo;
    const env = aptWith(`deb http://127.0.0.1:${port}/ stable main`);
    const fetched = fetchWith(env, controller.signal).catch((error: Error) => error);
    const [socket] = await asked;
    socket.resume();
    onTestFinished(() => socket.destroy());
    controller.abort(new Error('Stopped.'));
    expect(await fetched).toMatchObject({ message: 'Stopped.' });
    await eventually('apt has hung up', () => expect(socket.destroyed || socket.readableEnded).toBe(true));
    expect(leftBehind()).toEqual([]);
  });
});

test('a full disk is named', async () => {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const name of ['apt-get', 'dpkg-deb']) {
    writeFileSync(
      join(bin, name),
      '#!/bin/sh\necho "E: Write error - write (28: No space left on device)"\nexit 100\n',
    );
    chmodSync(join(bin, name), 0o755);
  }
  await expect(fetchWith({ PATH: bin })).rejects.toThrow(/^Redis could not be fetched: The disk is full/);
});
