import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * Ways to wait other than eventually(), which reports the state that was not reached, and ways to repeat a failed test.
 */
const forbidden = [
  /\bexpect\s*\.poll\(/,
  /\bvi\s*\.wait(For|Until)\(/,
  /(?<!['"`])\bretry: ?[\d{]/,
  /\.waitForTimeout\(/,
];

const sources = execFileSync(
  'git',
  [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '*/test/*.ts',
    '*/src/testing/*.ts',
    'e2e/compose/*.ts',
    '*.config.ts',
  ],
  { cwd: root, encoding: 'utf8' },
)
  .trim()
  .split('\n')
  .filter((file) => join(root, file) !== import.meta.filename);

const findIn = (text: string) => forbidden.flatMap((pattern) => pattern.exec(text)?.[0] ?? []);

describe('tests', () => {
  it('wait for a state only by eventually(), and are never repeated because they failed', () => {
    const found = sources.flatMap((file) =>
      findIn(readFileSync(join(root, file), 'utf8')).map((what) => `${file}: ${what}`),
    );
    expect(sources.length).toBeGreaterThan(300);
    expect(found).toEqual([]);
  });

  it.each([
    'await expect.poll(() => 1).toBe(1)',
    'await expect\n  .poll(read)',
    'await vi.waitFor(check, 5000)',
    'await vi.waitUntil(() => true)',
    "it('x', { retry: 3 }, () => {})",
    'retry: { count: 2 },',
    'await page.waitForTimeout(100)',
  ])('%s is found', (text) => {
    expect(findIn(text)).toHaveLength(1);
  });

  it("a field of an event stream, 'retry: 1', is not found", () => {
    expect(findIn("['data: ', 'retry: 1']")).toEqual([]);
  });
});
