import { defineConfig } from 'vitest/config';

// `npm test` sets it; it is read by whatever has to report the result (scripts/check.ts, .ci/run).
const resultFile = process.env['LATCHKEY_TEST_RESULT'];

export default defineConfig({
  test: {
    include: ['{apps,packages}/*/test/**/*.test.ts', '{demo,bench,scripts}/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**'],
    globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
    pool: 'forks',
    // Tests start servers of their own: more workers than cores make timings, and so tests, unreliable.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 20_000,
    reporters: [
      'default',
      './scripts/test-reporter.ts',
      ...(resultFile === undefined ? [] : [['json', { outputFile: resultFile }] as ['json', { outputFile: string }]]),
    ],
    env: { NODE_ENV: 'test' },
  },
});
