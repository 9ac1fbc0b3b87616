import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { freePort, isPortFree } from '../../src/processes/ports.ts';
import { serviceDefinitions } from '../../src/services/definitions.ts';
import { loadSecrets } from '../../src/services/secrets.ts';
import { lockDirectory, lockHolder } from '../../src/stack/lock.ts';
import { choosePorts } from '../../src/stack/ports.ts';

// Where Linux lets every user listen on every port, nobody is refused one.
const everybodys = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
const canBeRefused = existsSync(everybodys) && Number(readFileSync(everybodys, 'utf8')) > 81;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('secrets are made once, differ between stacks, and only their owner may read them', () => {
  const first = loadSecrets(directory);
  expect(loadSecrets(directory)).toEqual(first);
  expect(statSync(join(directory, 'secrets.json')).mode & 0o777).toBe(0o600);
  rmSync(join(directory, 'secrets.json'));
  const second = loadSecrets(directory);
  const key = second['KEY_ENCRYPTION_KEY'] ?? '';
  expect(key).not.toBe(first['KEY_ENCRYPTION_KEY']);
  expect(Buffer.from(key, 'base64url')).toHaveLength(32);
});

test('a secret that a new service needs is made, and the others are kept', () => {
  const { KEY_ENCRYPTION_KEY, REFRESH_TOKEN_KEYS } = loadSecrets(directory);
  const { keyEncryptionKey, refreshTokenKeys } = JSON.parse(
    readFileSync(join(directory, 'secrets.json'), 'utf8'),
  );
  writeFileSync(join(directory, 'secrets.json'), JSON.stringify({ keyEncryptionKey, refreshTokenKeys }));
  const after = loadSecrets(directory);
  expect(after).toMatchObject({ KEY_ENCRYPTION_KEY, REFRESH_TOKEN_KEYS });
  expect(after['FINGERPRINT_KEY']).toMatch(/^[\w-]{43}$/);
});

test.each(['{"refreshTokenKeys":', '{}', 'null', '{"refreshTokenKeys":"","keyEncryptionKey":7}'])(
  'damaged secrets (%s) are not replaced, because existing data needs them',
  (text) => {
    writeFileSync(join(directory, 'secrets.json'), text);
    expect(() => loadSecrets(directory)).toThrow(/secrets\.json is damaged: .*npm run reset/);
  },
);

test('a directory is used by one stack at a time', () => {
  const unlock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(`already runs from ${directory} (process ${process.pid})`);
  unlock();
  expect(lockHolder(directory)).toBeUndefined();
  lockDirectory(directory)();
});

test('the lock of a process that has died is taken over, also if another process now has its number', () => {
  const { pid } = spawnSync('true');
  for (const dead of [pid, process.pid]) {
    writeFileSync(join(directory, 'stack.lock'), `${dead} 12345\n`);
    expect(lockHolder(directory)).toBeUndefined();
    lockDirectory(directory)();
  }
});

test('a lock of another container, whose processes are not seen here, holds for as long as it is touched', () => {
  writeFileSync(join(directory, 'stack.lock'), '4194304 12345\ncontainer.invalid pid:[1]\n');
  expect(() => lockDirectory(directory)).toThrow(
    `already runs from ${directory} (process 4194304 of another machine or container)`,
  );
  const before = new Date(Date.now() - 60_000);
  utimesSync(join(directory, 'stack.lock'), before, before);
  expect(lockHolder(directory)).toBeUndefined();
  lockDirectory(directory)();
});

test('a lock is touched while it is held', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const file = join(directory, 'stack.lock');
  const unlock = lockDirectory(directory);
  const before = new Date(Date.now() - 60_000);
  utimesSync(file, before, before);
  vi.advanceTimersByTime(5_000);
  expect(statSync(file).mtimeMs).toBeGreaterThan(before.getTime());
  unlock();
  vi.advanceTimersByTime(5_000);
  expect(existsSync(file)).toBe(false);
});

test('ports are the documented ones unless the environment names others', async () => {
  const port = await freePort();
  const { cart } = serviceDefinitions;
  expect(await choosePorts({ cart }, 'default', { CART_PORT: String(port) })).toEqual({ cart: port });
  expect(cart).toMatchObject({ defaultPort: 4001, portVariable: 'CART_PORT' });
  await expect(choosePorts({ cart }, 'default', { CART_PORT: 'many' })).rejects.toThrow(
    'CART_PORT is not a port',
  );
});

test.each([6000, 5060, 6667, 10_080])(
  'port %d, which browsers and fetch refuse to ask, is refused at once',
  async (port) => {
    await expect(fetch(`http://localhost:${port}`)).rejects.toMatchObject({ cause: { message: 'bad port' } });
    const { auth } = serviceDefinitions;
    await expect(choosePorts({ auth }, 'default', { AUTH_PORT: String(port) })).rejects.toThrow(
      `AUTH_PORT is ${port}, a port that browsers refuse: choose another.`,
    );
  },
);

test('Postgres and Redis never get a port that is chosen for a service which does not listen yet', async () => {
  const next = (await freePort()) + 1;
  await choosePorts({ cart: serviceDefinitions.cart }, 'default', { CART_PORT: String(next) });
  expect(await freePort()).not.toBe(next);
});

test('a port in use is named, with the setting that chooses another', async () => {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await eventually('the port is taken', async () => expect(await isPortFree(port)).toBe(false));
  const { cart } = serviceDefinitions;
  await expect(choosePorts({ cart }, 'default', { CART_PORT: String(port) })).rejects.toThrow(
    `Port ${port} (cart-service) is in use: stop what listens there, or choose another by CART_PORT.`,
  );
  await new Promise((resolve) => server.close(resolve));
});

test.runIf(canBeRefused)(
  'a port that this user may not have is told as that, beside one in use',
  async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    await eventually('the port is taken', async () => expect(await isPortFree(port)).toBe(false));
    const { auth, cart } = serviceDefinitions;
    const notOurs =
      'Port 81 (auth-service) may not be used by this user: choose another by AUTH_PORT, from 1024 on.';
    const refusal = (env: Record<string, string>) =>
      choosePorts({ auth, cart }, 'default', env).catch((error: Error) => error.message);
    const isRoot = process.geteuid?.() === 0;
    // Root may have every port.
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await refusal({ AUTH_PORT: '81', CART_PORT: String(await freePort()) })).toBe(notOurs);
      expect(await refusal({ AUTH_PORT: '81', CART_PORT: String(port) })).toBe(
        `Port ${port} (cart-service) is in use: stop what listens there, or choose another by CART_PORT. ${notOurs}`,
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  },
);
