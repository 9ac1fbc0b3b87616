import { defineConfig } from 'vitest/config';
import { taskEnvironment } from './scripts/toolchain/environment.mjs';

// Also for whoever starts vitest itself.
const env = taskEnvironment(process.env);
for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
Object.assign(process.env, env);

const inBrowser = 'e2e/test/browser/**/*.test.ts';
/** What reads the clock has to find a processor that is not busy. */
const byTheClock = 'load/test/generator/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
          include: [
            '{apps,packages,deploy}/*/test/**/*.test.ts',
            '{admin,demo,bench,e2e,load,scripts}/test/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**', inBrowser, byTheClock],
        },
      },
      // After all others, one at a time.
      {
        extends: true,
        test: {
          name: 'clock',
          include: [byTheClock],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [inBrowser],
          // A browser that draws without a graphics card wants both cores.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    pool: 'forks',
    // A worker keeps the modules that it has loaded for its next file: to load them anew took a third of the time. So what a
    // file changes that others see (a global, the environment), it has to put back.
    isolate: false,
    // As many as the cores of a small machine: each starts processes of its own, and what waits for those has limits.
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
