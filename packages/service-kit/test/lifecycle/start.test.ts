import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

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
