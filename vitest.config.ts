import { availableParallelism } from 'node:os';
import { defineConfig, type TestUserConfig } from 'vitest/config';
import { taskEnvironment } from './scripts/toolchain/environment.mjs';

// Also for whoever starts vitest itself.
const env = taskEnvironment(process.env);
for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
Object.assign(process.env, env);

/** What the run has once. */
export const run = {
  globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
  teardownTimeout: 20_000,
  reporters: ['default', './scripts/test-reporter.ts'],
} satisfies TestUserConfig;

/** How each file is run. */
export const files = {
  // Machines: vitest.machines.config.ts.
  exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**', '**/*.machines.test.ts'],
  pool: 'forks',
  // A worker keeps the modules that it has loaded for its next file: to load them anew took a third of the time. So what a
  // file changes that others see (a global, the environment), it has to put back.
  isolate: false,
  // Against tests that hang: how fast things are is for no limit to say. Longer than a test waits for one state.
  testTimeout: 900_000,
  hookTimeout: 900_000,
  env: { NODE_ENV: 'test' },
} satisfies TestUserConfig;

export default defineConfig({
  test: {
    ...run,
    projects: [
      {
        // First, because they take longest. Each worker has a system and a browser of its own, which keep a core busy: four
        // workers on two cores needed two fifths more processor time for the same tests.
        test: {
          ...files,
          name: 'system',
          include: ['e2e/test/**/*.test.ts'],
          maxWorkers: Math.min(availableParallelism(), 4),
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Two more than the cores of a small machine: these wait for processes, for the disk and for each other's end.
        test: {
          ...files,
          name: 'parts',
          include: [
            '{apps,packages,deploy}/*/test/**/*.test.ts',
            '{admin,demo,load,scripts}/test/**/*.test.ts',
          ],
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
