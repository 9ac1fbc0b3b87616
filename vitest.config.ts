import { defineConfig } from 'vitest/config';
import SystemFirstSequencer from './scripts/test-sequencer.ts';
import { taskEnvironment } from './scripts/toolchain/environment.mjs';

// Also for whoever starts vitest itself.
const env = taskEnvironment(process.env);
for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
Object.assign(process.env, env);

export default defineConfig({
  test: {
    setupFiles: ['e2e/test/setup.ts'],
    globalSetup: ['packages/dev-stack/src/testing/global-setup.ts'],
    include: [
      '{apps,packages,deploy}/*/test/**/*.test.ts',
      '{admin,demo,e2e,load,scripts}/test/**/*.test.ts',
    ],
    // Machines: vitest.machines.config.ts.
    exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**', '**/*.machines.test.ts'],
    pool: 'forks',
    // A worker keeps the modules that it has loaded for its next file: to load them anew took a third of the time. So what a
    // file changes that others see (a global, the environment), it has to put back.
    isolate: false,
    // Two more than the cores of a small machine: tests wait for processes, for the disk and for each other's end.
    maxWorkers: 4,
    sequence: { sequencer: SystemFirstSequencer },
    // Against tests that hang: how fast things are is for no limit to say. Longer than a test waits for one state.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    teardownTimeout: 20_000,
    reporters: ['default', './scripts/test-reporter.ts'],
    env: { NODE_ENV: 'test' },
  },
});
