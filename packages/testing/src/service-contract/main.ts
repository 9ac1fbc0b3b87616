import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import type { Outages } from './app.ts';

/**
 * Tests what every service owes to its operator. It listens without its issuer, ends with 0 on SIGTERM, and says in a few
 * lines, without a secret, why it does not start.
 *
 * @example testMain({ program, settings: { CART_URL: 'http://127.0.0.1:1' }, route: '/wishlist', createTestDatabase });
 */
export function testMain(service: {
  /** The path of main.ts. */
  readonly program: string;
  /** Those that the service needs besides. */
  readonly settings: Readonly<Record<string, string>>;
  /** One that wants a token. */
  readonly route: string;
  readonly createTestDatabase: Outages['createTestDatabase'];
}): void {
  let database: Awaited<ReturnType<Outages['createTestDatabase']>>;
  beforeAll(async () => {
    database = await service.createTestDatabase();
  });
  afterAll(() => database.drop());

  const settings = () => ({
    PORT: '0',
    DATABASE_URL: database.url,
    // Nobody is there: the service starts without.
    ISSUER: 'http://127.0.0.1:1',
    JWKS_URI: 'http://127.0.0.1:1/.well-known/jwks.json',
    TOKEN_ENDPOINT: 'http://127.0.0.1:1/token',
    REVOCATIONS_URI: 'http://127.0.0.1:1/revocations',
    ...service.settings,
  });

  function start(env: Record<string, string>) {
    const { PATH, NODE_OPTIONS } = process.env;
    const child = spawn(process.execPath, [service.program], { env: { PATH, NODE_OPTIONS, ...env } });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    return {
      child,
      output: () => output,
      exit: once(child, 'close').then(([code]) => code as number | null),
    };
  }

  test('main listens, answers, and ends with 0 on SIGTERM', async () => {
    const { child, output, exit } = start(settings());
    try {
      await eventually('the service listens', () => expect(output()).toContain('listening on'));
      const url = /listening on (http:\/\/[0-9.:]+)/.exec(output())?.[1];
      expect((await fetch(`${url}/live`)).status).toBe(200);
      expect((await fetch(`${url}${service.route}`)).status).toBe(401);
      child.kill('SIGTERM');
      expect(await exit).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('main names every missing setting at once, and no value', async () => {
    const { output, exit } = start({ DATABASE_URL: 'mysql://u:hunter2@localhost/x' });
    expect(await exit).toBe(1);
    expect(output()).toContain('DATABASE_URL is not valid');
    for (const name of Object.keys(settings()).filter((setting) => setting !== 'DATABASE_URL'))
      expect(output()).toContain(`${name} is missing`);
    expect(output()).not.toMatch(/hunter2|\.ts:|\n {4}at /);
  });

  test('main says in one line that the database is not there', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { output, exit } = start({ ...settings(), DATABASE_URL: url.href });
    expect(await exit).toBe(1);
    expect(output()).toBe('The database that DATABASE_URL names does not exist: create it first.\n');
  });

  test('a stop signal in the middle of the start ends the process', async () => {
    const { child, exit } = start(settings());
    try {
      await delay(150);
      child.kill('SIGTERM');
      await eventually('the process has ended', () => exit);
    } finally {
      child.kill('SIGKILL');
    }
  });
}
