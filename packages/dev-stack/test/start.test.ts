import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '@latchkey/testing';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../src/processes/ports.ts';
import {
  exampleIdDefinition,
  giftIdeasDefinition,
  serviceDefinitions,
  storefrontDefinition,
} from '../src/services/definitions.ts';
import { demoAccounts } from '../src/services/demo-accounts.ts';
import { isAlive } from './alive.ts';

// Runs `npm start` without npm, with its own data and ports. The tests share one data set and run in order.
const children: ChildProcess[] = [];
const definitions = {
  ...serviceDefinitions,
  storefront: storefrontDefinition,
  giftIdeas: giftIdeasDefinition,
  exampleId: exampleIdDefinition,
};
type Key = keyof typeof definitions;
const ports = new Map<Key, number>();
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  for (const key of Object.keys(definitions) as Key[]) ports.set(key, await freePort());
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Settings that a shell may hold for other programs. The stack must ignore all of them. */
const foreign = {
  ...{ PGSSLMODE: 'require', PGOPTIONS: '-c no_such_setting=1', NODE_ENV: 'production', LOG_LEVEL: 'silent' },
  ...{
    HOST: '192.0.2.1',
    PORT: '1',
    ISSUER: 'nowhere',
    DATABASE_URL: 'nowhere',
    DATABASE_URL_FILE: '/nowhere',
  },
  ...{
    REDIS_URL_FILE: '/nowhere',
    CORS_ORIGINS: '*',
    FORCE_COLOR: '1',
    LC_ALL: 'xx_YY.UTF-8',
    TZ: 'No/Where',
  },
};

function run(script: string, env: NodeJS.ProcessEnv = {}) {
  const settings = Object.fromEntries(
    [...ports].map(([key, port]) => [definitions[key].portVariable, String(port)]),
  );
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'src', script)], {
    env: { ...process.env, ...foreign, ...settings, LATCHKEY_DIRECTORY: directory, ...env },
    // The channel closes when the tests are killed, and the stack then ends too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (data: string) => (output += data));
  return {
    child,
    output: () => output,
    printed: (line: string | RegExp) => eventually('the output says so', () => expect(output).toMatch(line)),
    exit: async () => (await once(child, 'close'))[0] as number,
  };
}

/** Every process of the stack in `directory`: its settings or its open files contain the path. */
function leftovers(): string[] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-Ao', 'command='], { encoding: 'utf8' });
    return stdout.split('\n').filter((command) => command.includes(directory));
  }
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const files = ['cwd', 'fd/1', 'fd/2'].map((name) => readlinkSync(`/proc/${pid}/${name}`));
      const ours = [command, ...files].some((name) => name.includes(directory));
      if (ours && isAlive(Number(pid))) found.push(command);
    } catch {
      // The process has ended, or we may not read it.
    }
  }
  return found;
}

async function ask<Body>(service: 'auth' | 'cart', path: string, init: RequestInit): Promise<Body> {
  const response = await fetch(`http://127.0.0.1:${ports.get(service)}${path}`, init);
  expect(response.ok, `${path} was answered ${response.status}`).toBe(true);
  return (await response.json()) as Body;
}

async function signIn(username: string, password: string): Promise<string> {
  const { access_token: token } = await ask<{ access_token: string }>('auth', '/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'latchkey-cli', username, password }),
  });
  return token;
}

function cart(token: string): Promise<unknown> {
  return ask('cart', '/cart', { headers: { authorization: `Bearer ${token}` } });
}

test('SIGTERM half-way through the first start leaves nothing running', async () => {
  const start = run('start.ts');
  await start.printed('Starting auth-service');
  start.child.kill('SIGTERM');
  expect(await start.exit()).toBe(0);
  expect(start.output()).toMatch(/Stopping …\nStopped\.\n$/);
  expect(leftovers()).toEqual([]);
});

test('start, sign in as each demo account, stop; a second start has the data', async () => {
  const first = run('start.ts', { GOOGLE_CLIENT_ID: 'ours', GOOGLE_CLIENT_SECRET: 'a secret of the test' });
  await first.printed('Press Ctrl-C to stop');
  const page = `http://localhost:${ports.get('storefront')}`;
  expect(first.output()).toContain(`Open ${page} and try it`);
  // Whichever address the browser resolves localhost to.
  for (const host of loopbackAddresses) {
    const [response] = await once(get(page, { host }), 'response');
    expect(await text(response)).toContain('"demo":true');
  }
  const partner = `http://localhost:${ports.get('giftIdeas')}`;
  expect(first.output()).toMatch(new RegExp(`gift-ideas +${partner}`));
  // auth-service knows the application from the start: an unknown one would get a page that says so.
  const asked = await fetch(`${partner}/sign-in`, { redirect: 'manual' });
  const begun = await fetch(asked.headers.get('location') ?? '', { redirect: 'manual' });
  expect([asked.status, begun.status]).toEqual([303, 303]);
  expect(begun.headers.get('location')).toMatch(/\/authorize\/[\w-]+$/);
  const exampleId = `http://localhost:${ports.get('exampleId')}`;
  expect(first.output()).toMatch(new RegExp(`Example ID.*${exampleId}.* as mina, password amber-kettle-`));
  const metadata = await fetch(`${exampleId}/.well-known/openid-configuration`);
  expect(await metadata.json()).toMatchObject({ issuer: exampleId });
  const providers = await fetch(`http://localhost:${ports.get('auth')}/providers`);
  expect(await providers.json()).toMatchObject({ providers: [{ id: 'example-id' }, { id: 'google' }] });
  expect(statSync(join(directory, 'control.sock')).mode & 0o777).toBe(0o600);
  for (const key of Object.keys(serviceDefinitions) as Key[]) {
    const port = ports.get(key);
    const { name } = definitions[key];
    expect(first.output()).toContain(`http://localhost:${port}/docs`);
    expect(first.output()).toContain(name);
  }
  for (const { username, password } of demoAccounts) {
    expect(first.output()).toMatch(new RegExp(`${username} +${password}`));
    await signIn(username, password);
  }
  const { username = '', password = '' } = demoAccounts[0] ?? {};
  const token = await signIn(username, password);
  await cart(token);
  // The checks below rely on this: the function finds running processes.
  expect(leftovers().length).toBeGreaterThan(2);
  expect(statSync(join(directory, 'secrets.json')).mode & 0o777).toBe(0o600);

  const again = run('start.ts');
  expect(await again.exit()).toBe(1);
  expect(again.output()).toMatch(/^Latchkey already runs from .* \(process \d+\): stop that one first\.\n$/);
  const reset = run('reset.ts');
  expect(await reset.exit()).toBe(1);
  expect(reset.output()).toMatch(/^Latchkey is running \(process \d+\): stop it first\.\n$/);

  for (const part of ['redis', 'auth-service']) {
    const { status } = await fetch(`${page}/demo/failures/${part}`, {
      method: 'PUT',
      headers: { origin: page, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: JSON.stringify({ stopped: true }),
    });
    expect(status).toBe(200);
  }
  first.child.kill('SIGINT');
  expect(await first.exit()).toBe(0);
  expect(leftovers()).toEqual([]);
  // Even while parts of it are stopped, each process ended by itself and was not killed.
  const lastLineOf = (...path: string[]) =>
    readFileSync(join(directory, ...path), 'utf8')
      .trim()
      .split('\n')
      .at(-1);
  for (const { name } of Object.values(definitions))
    expect(lastLineOf('logs', `${name}.log`)).toContain('"msg":"stopped"');
  expect(lastLineOf('redis', 'redis.log')).toContain('bye bye');
  expect(lastLineOf('postgres', 'postgres.log')).toContain('database system is shut down');

  const second = run('start.ts');
  await second.printed('Press Ctrl-C to stop');
  // The signing key, account and session are the same, so the first run's token is still valid.
  await cart(token);
  second.child.kill('SIGKILL');
  await second.exit();
  await eventually('nothing is left running', () => expect(leftovers()).toEqual([]));
});

test('a port in use is one line, exit code 1, and nothing started', async () => {
  // Where ::1 exists, a browser tries it first for localhost.
  const server = createServer().listen(ports.get('wishlist'), loopbackAddresses.at(-1));
  await once(server, 'listening');
  const start = run('start.ts');
  expect(await start.exit()).toBe(1);
  expect(start.output()).toBe(
    `Port ${ports.get('wishlist')} (wishlist-service) is in use: stop what listens there, or choose another by WISHLIST_PORT.\n`,
  );
  expect(leftovers()).toEqual([]);
  server.close();
});

test('half of what an identity provider needs is named, and goes no further', async () => {
  // Before the end by a port in use, so that the test costs no start.
  const server = createServer().listen(ports.get('wishlist'), '127.0.0.1');
  await once(server, 'listening');
  const start = run('start.ts', { GOOGLE_CLIENT_ID: 'ours', NAVER_CLIENT_ID: '', NAVER_CLIENT_SECRET: 'a' });
  expect(await start.exit()).toBe(1);
  expect(start.output()).toMatch(
    /^No sign-in with google: GOOGLE_CLIENT_SECRET is not set\.\nNo sign-in with naver: NAVER_CLIENT_ID is not set\.\nPort .* is in use.*\n$/,
  );
  server.close();
});

test('a broken Redis is one line, exit code 1, and nothing left running', async () => {
  const start = run('start.ts', { REDIS_URL: 'redis://127.0.0.1:1' });
  expect(await start.exit()).toBe(1);
  expect(start.output()).toMatch(
    /^Starting .*\nRedis at 127\.0\.0\.1:1 does not work \(.*\): repair it, or unset REDIS_URL\.\n$/,
  );
  expect(leftovers()).toEqual([]);
});

test('reset removes data and secrets', async () => {
  const reset = run('reset.ts');
  expect(await reset.exit()).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});
