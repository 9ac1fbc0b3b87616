import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stack } from '@latchkey/dev-stack';
import { expect } from 'vitest';
import { it } from './system.ts';

// What deploy/kubernetes/try-on-kind.sh runs in a cluster, against a system without one.
const program = readFileSync(
  join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes', 'check.mjs'),
  'utf8',
);

async function check({ services, accounts }: Stack, ...closed: string[]) {
  const { username = '', password = '' } = accounts.find(({ roles }) => roles.includes('customer')) ?? {};
  const { PATH } = process.env;
  const env = { PATH, AUTH_URL: services.auth.url, CART_URL: services.cart.url };
  const running = promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-', username, password, ...closed],
    { env },
  );
  running.child.stdin?.end(program);
  return running.then(
    ({ stdout }) => ({ code: 0, lines: stdout.trim().split('\n') }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, lines: stdout.trim().split('\n') }),
  );
}

it('sees that a token works until its session ends, and that closed addresses are closed', async ({
  sharedStack: stack,
}) => {
  const { code, lines } = await check(stack, 'localhost:1');
  expect(lines).toHaveLength(5);
  expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([]);
  expect(code).toBe(0);
});

it('fails when an address can be reached that must not be', async ({ sharedStack: stack }) => {
  const open = new URL(stack.services.cart.url).host;
  const { code, lines } = await check(stack, open);
  expect(lines).toContain(`FAILED ${open} cannot be reached from here`);
  expect(code).toBe(1);
});
