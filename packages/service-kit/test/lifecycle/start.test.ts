import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const start = new URL('../../src/lifecycle/start.ts', import.meta.url).href;
const kit = new URL('../../src/index.ts', import.meta.url).href;

const run = (script: string) =>
  spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });

test.each([
  [`'no \\n' + token`, 'The service could not start: string: no \n[token]\n'],
  [
    `new Error('outer', { cause: new DOMException('inner ' + token, 'AbortError') })`,
    /^The service could not start: Error: outer\n {4}at [\s\S]*\nCaused by: AbortError: inner \[token\]\n {4}at /,
  ],
])('a service that cannot start because of %s says what it was, and shows no token', (thrown, message) => {
  const script = `import { startService } from '${start}';
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2ln';
    await startService(async () => { throw ${thrown}; });`;
  const { status, stderr } = run(script);
  if (typeof message === 'string') expect(stderr).toBe(message);
  else expect(stderr).toMatch(message);
  expect(status).toBe(1);
});

test('a service that a setting keeps from getting ready says which one, and nothing else', () => {
  const { status, stdout, stderr } = run(`import { createService, runService, startService } from '${kit}';
    await startService(async () => {
      const app = await createService({ name: 'a', title: 'A', description: 'a', logLevel: 'info',
        corsOrigins: [], trustedProxies: [], basePath: { path: '/docs', setting: 'ISSUER' } });
      await runService(app, { host: '127.0.0.1', port: 0, drainMs: 0, shutdownTimeoutMs: 1 });
    });`);
  expect(stderr).toMatch(
    /^The configuration is not valid:\n {2}- ISSUER is not valid: the route \/docs\/.*\n$/,
  );
  expect([status, stdout]).toEqual([1, '']);
});

const thrownLater = [
  ['a text', "'no disk'", { type: 'string', message: 'no disk' }],
  ['an error of a driver', "Object.assign(new Error('no disk'), { name: 'error' })", { type: 'error' }],
  ['an AggregateError without a message', "new AggregateError([new Error('no disk')], '')", {}],
  ['an object', "{ code: 'X', message: 'no disk' }", { type: 'Object', code: 'X' }],
] as const;
const ways = [
  ['is thrown', (thrown: string) => `setImmediate(() => { throw ${thrown}; });`],
  ['rejects a promise', (thrown: string) => `void Promise.reject(${thrown});`],
] as const;

describe.each(ways)('what nobody catches ends the process at once, and is told: what %s,', (_, happens) => {
  test.each(thrownLater)('%s, in one line of the log once the service runs', (_what, thrown, described) => {
    const { status, stdout, stderr } = run(`import { createService, runService, startService } from '${kit}';
      await startService(async () => {
        const app = await createService({ name: 'a', title: 'A', description: 'a', logLevel: 'info',
          corsOrigins: [], trustedProxies: [] });
        app.addHook('onClose', async () => app.log.info('closed'));
        await runService(app, { host: '127.0.0.1', port: 0, drainMs: 0, shutdownTimeoutMs: 1 });
        ${happens(thrown)}
      });`);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      level: 'fatal',
      service: 'a',
      err: { message: 'no disk', ...described },
    });
    expect(stdout).not.toContain('closed');
    expect([status, stderr]).toEqual([1, '']);
  });

  test.each(thrownLater)('%s, as any other reason while it starts', (_what, thrown) => {
    const { status, stdout, stderr } = run(`import { startService } from '${start}';
      await startService(async () => {
        ${happens(thrown)}
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`);
    expect(stderr).toMatch(/^The service could not start: .*no disk/);
    expect([status, stdout]).toEqual([1, '']);
  });
});
