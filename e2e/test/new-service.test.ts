import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Stack } from '@latchkey/dev-stack';
import { bundledFor } from '@latchkey/dev-stack/testing';
import { send } from '@latchkey/person';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { claimsOf, joinAsService } from './matrix-tokens.ts';
import { signIn } from './system.ts';

// Follows docs/how-to/add-a-service.md in a copy of the repository.
const repository = join(import.meta.dirname, '..', '..');
const howTo = (file: string) => readFileSync(join(repository, 'docs', 'how-to', file), 'utf8');
const document = howTo('add-a-service.md');
const protectARoute = howTo('protect-a-route.md');
let copy: string;
let stack: Stack;

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'latchkey-new-service-'));
  copyRepository();
  const [, name = ''] = /^npm run new-service -- (\w+)$/m.exec(document) ?? [];
  const made = spawnSync(process.execPath, ['scripts/new-service.ts', name], { cwd: copy, encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  const table = join(copy, 'packages', 'services', 'src', 'services.ts');
  const [, entry = ''] = /^```ts\n(orders: .*)\n```$/m.exec(document) ?? [];
  const [, calls = ''] = /^ {3}(calls: .*,)$/m.exec(document) ?? [];
  const written = readFileSync(table, 'utf8');
  expect(written).toContain(entry);
  const [, elsewhere = ''] = /^ {3}(orders: \{ scopes.*)$/m.exec(protectARoute) ?? [];
  writeFileSync(
    table,
    written.replace(
      entry,
      `${entry.replace(/ \},$/, `, ${calls} },`)}\n  ${elsewhere.replaceAll('orders', 'returns')}`,
    ),
  );
  const { startStack } = await import(pathToFileURL(join(copy, 'packages/dev-stack/src/index.ts')).href);
  vi.stubEnv('NODE_OPTIONS', bundledFor(copy));
  try {
    stack = await startStack({
      directory: join(copy, '.latchkey'),
      ports: 'random',
      durable: false,
      started: ['cart', 'orders'],
    });
  } finally {
    vi.unstubAllEnvs();
  }
});
afterAll(async () => {
  await stack?.stop();
  rmSync(copy, { recursive: true, force: true });
});

/** Copies the packages' links to each other, which are relative. One link leads to the installed dependencies. */
function copyRepository(): void {
  const isOurs = (path: string) =>
    !/\/(\.pnpm|\.cache|\.git|\.latchkey|\.turbo|\.vite|dist)$/.test(path.slice(repository.length));
  cpSync(repository, copy, { recursive: true, verbatimSymlinks: true, filter: isOurs });
  symlinkSync(join(repository, 'node_modules', '.pnpm'), join(copy, 'node_modules', '.pnpm'));
}

async function get(service: string, path: string, token?: string): Promise<number> {
  return (await send(stack.services[service as 'cart'].url, { path, token })).status;
}

async function tokenFor(...scopes: string[]): Promise<string> {
  return (await signIn(stack, 'admin', scopes)).access_token;
}

test.each(['orders', 'Cards'])('a service of the name "%s" is not made', (name) => {
  const refused = spawnSync(process.execPath, ['scripts/new-service.ts', name], {
    cwd: copy,
    encoding: 'utf8',
  });
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('npm run new-service -- orders'),
  });
});

test('its container is in docker-compose.yml', () => {
  const file = readFileSync(join(copy, 'docker-compose.yml'), 'utf8');
  expect(file).toContain('args: { SERVICE: orders-service }');
});

test('it answers 401 without a token, 403 without the scope, and 200 with it', async () => {
  expect(await get('orders', '/orders')).toBe(401);
  expect(await get('orders', '/orders', await tokenFor('cart:read'))).toBe(401);
  expect(await get('orders', '/orders', await tokenFor('orders:write'))).toBe(403);
  expect(await get('orders', '/orders', await tokenFor('orders:read'))).toBe(200);
});

test('it may call the service in its entry on a person’s behalf, with the scopes of the entry', async () => {
  const orders = await joinAsService(stack, 'orders' as 'payment');
  const token = await orders.exchange(await tokenFor('orders:read', 'cart:read', 'cart:write'));
  expect(await get('cart', '/cart', token)).toBe(200);
  expect(claimsOf(token)).toMatchObject({ scope: 'cart:read', act: { sub: 'orders-service' } });
  await orders.close();
});

test('a service that runs elsewhere is known to auth-service alone', async () => {
  expect(claimsOf(await tokenFor('returns:read'))).toMatchObject({
    aud: ['returns-service', 'auth-service'],
  });
  expect(Object.keys(stack.services)).not.toContain('returns');
});
