import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{apps,packages,deploy}/*/test/**/*.test.ts',
      '{admin,demo,bench,e2e,scripts}/test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**'],
    globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
    pool: 'forks',
    // Tests start servers of their own: more workers than cores make timings, and so tests, unreliable.
    maxWorkers: 2,
    // Against tests that hang: how fast things are is for no limit to say.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // Polling ends as soon as it may; its own limit of one second is a guess about the machine.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './scripts/test-reporter.ts'],
    env: { NODE_ENV: 'test' },
  },
});
