import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// npm run test:compose tests what docker compose up promises on running containers. It is not part of npm test, because
// it needs a Docker engine and several minutes.
const files = [
  'start',
  'hardening',
  'isolation',
  'secrets',
  'issuer',
  'storefront',
  'gift-ideas',
  'example-id',
  'healing',
  'draining',
  'demo',
  'scaling',
  'observing',
  'rebuilding',
].map((name) => join(import.meta.dirname, 'test', `${name}.test.ts`));

/** All tests share one running system. They run in the order above, whatever durations vitest has recorded. */
class InOrder extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return specifications.toSorted((a, b) => files.indexOf(a.moduleId) - files.indexOf(b.moduleId));
  }
}

export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['e2e/compose/test/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'global-setup.ts')],
    sequence: { sequencer: InOrder },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 120_000,
    reporters: ['verbose', join(import.meta.dirname, '..', '..', 'scripts', 'test-reporter.ts')],
  },
});
