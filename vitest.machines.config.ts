import { defineConfig } from 'vitest/config';
import { files, run } from './vitest.config.ts';

// npm run test:machines: what holds while machines of a larger installation die or are replaced. It is not part of npm
// test, because each of its files starts a cluster or a second system of its own.
export default defineConfig({
  test: {
    ...run,
    ...files,
    include: ['{apps,packages}/*/test/**/*.machines.test.ts', 'e2e/test/**/*.machines.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '.latchkey/**'],
    maxWorkers: 4,
  },
});
