import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const start = new URL('../../src/lifecycle/start.ts', import.meta.url).href;

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
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  if (typeof message === 'string') expect(stderr).toBe(message);
  else expect(stderr).toMatch(message);
  expect(status).toBe(1);
});
