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
    // One more than the two cores of a small machine: a third of the time tests wait, for timeouts and for processes.
    maxWorkers: 3,
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
