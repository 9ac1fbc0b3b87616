import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{apps,packages,deploy}/*/test/**/*.test.ts',
      '{admin,demo,bench,e2e,load,scripts}/test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**'],
    globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
    pool: 'forks',
    // Tests start servers of their own: more workers than cores make timings, and so tests, unreliable.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 20_000,
    reporters: ['default', './scripts/test-reporter.ts'],
    env: { NODE_ENV: 'test' },
  },
});
