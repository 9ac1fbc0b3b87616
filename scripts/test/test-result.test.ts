import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const scripts = join(import.meta.dirname, '..');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  symlinkSync(join(scripts, '..', 'node_modules'), join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function runTests(source: string) {
  writeFileSync(join(root, 'some.test.ts'), `import { beforeAll, describe, test } from 'vitest';\n${source}`);
  const file = join(root, 'result.json');
  const run = spawnSync(
    process.execPath,
    [
      join(scripts, '..', 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      root,
      '--reporter',
      join(scripts, 'test-reporter.ts'),
    ],
    { encoding: 'utf8', env: { ...process.env, LATCHKEY_TEST_RESULT: file, VITEST: '' } },
  );
  return { ...run, result: JSON.parse(readFileSync(file, 'utf8')) as unknown };
}

function report(...files: string[]) {
  return spawnSync(process.execPath, [join(scripts, 'test-result.mjs'), ...files], { encoding: 'utf8' });
}

test('the last lines of a test run name the failed and the skipped tests', () => {
  const { stdout, status, result } = runTests(`
    test('works', () => {});
    test.skip('waits', () => {});
    describe('group', () => test('breaks', () => { throw new Error('no'); }));
  `);
  expect(stdout.trim().split('\n').slice(-3)).toEqual([
    'FAILED   some.test.ts > group > breaks',
    'SKIPPED  some.test.ts > waits',
    '1 passed, 1 failed, 1 skipped',
  ]);
  expect(status).toBe(1);
  expect(result).toEqual({
    passed: 1,
    failed: ['some.test.ts > group > breaks'],
    skipped: ['some.test.ts > waits'],
  });
});

test.each([
  ['a file that cannot be loaded', `throw new Error('no');`, 'some.test.ts'],
  [
    'a hook that throws',
    `describe('group', () => { beforeAll(() => { throw new Error('no'); }); test('x', () => {}); });`,
    'group',
  ],
  [
    'an error outside any test',
    `test('x', async () => { setTimeout(() => { throw new Error('late'); }); await new Promise((r) => setTimeout(r, 50)); });`,
    'outside any test: late',
  ],
])('%s counts as a failure', (_, source, name) => {
  const { result } = runTests(source);
  expect(result).toMatchObject({ failed: expect.arrayContaining([expect.stringContaining(name)]) });
});

test.each([
  [{ passed: 2, failed: [], skipped: [] }, 0, '2 passed, 0 failed, 0 skipped'],
  [{ passed: 2, failed: ['a'], skipped: ['b'] }, 1, 'FAILED   a\nSKIPPED  b\n2 passed, 1 failed, 1 skipped'],
  [{ passed: 0, failed: [], skipped: ['b'] }, 1, 'No test ran.\nSKIPPED  b\n0 passed, 0 failed, 1 skipped'],
])('the result %j is reported with exit code %i', (result, code, output) => {
  const file = join(root, 'given.json');
  writeFileSync(file, JSON.stringify(result));
  expect(report(file)).toMatchObject({ status: code, stdout: `${output}\n` });
});

test.each([
  [{ passed: 3, failed: [], skipped: ['c'] }, 0, 'SKIPPED  c\n5 passed, 0 failed, 1 skipped'],
  [{ passed: 3, failed: ['c'], skipped: [] }, 1, 'FAILED   c\n5 passed, 1 failed, 0 skipped'],
  [{ passed: 0, failed: [], skipped: [] }, 1, 'No test ran.\n2 passed, 0 failed, 0 skipped'],
])('two results are reported as one, which passes if both do: %j', (second, code, output) => {
  const files = [join(root, 'first.json'), join(root, 'second.json')] as const;
  writeFileSync(files[0], JSON.stringify({ passed: 2, failed: [], skipped: [] }));
  writeFileSync(files[1], JSON.stringify(second));
  expect(report(...files)).toMatchObject({ status: code, stdout: `${output}\n` });
});

test('a run without a result is a failure, and does not hide the other run', () => {
  const given = join(root, 'given.json');
  writeFileSync(given, JSON.stringify({ passed: 2, failed: [], skipped: [] }));
  const { status, stdout } = report(given, join(root, 'missing.json'));
  expect(stdout.trim().split('\n')).toEqual([
    'FAILED   missing: gave no result, it did not run to its end',
    '2 passed, 1 failed, 0 skipped',
  ]);
  expect(status).toBe(1);
});
