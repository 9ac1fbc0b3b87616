import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = join(import.meta.dirname, '..');

/** All browser tests start within this share of a run's files, so that none runs alone at the end. */
const browsersWithin = 0.6;

/**
 * Spreads the browser tests, which need the processor, among tests that mostly wait, so that no core is idle. Starts
 * the tests of the whole system, which take longest, before the many small ones, which fill the gaps. Within each group
 * the order is vitest's: the longest of the last run first.
 */
export default class SpreadingSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { browser = [], system = [], other = [] } = Object.groupBy(await super.sort(files), kindOf);
    const rest = [...system, ...other];
    const between = Math.ceil((browsersWithin * rest.length) / Math.max(1, browser.length));
    const spread = browser.flatMap((file, index) => [
      file,
      ...rest.slice(index * between, (index + 1) * between),
    ]);
    return [...spread, ...rest.slice(browser.length * between)];
  }
}

function kindOf({ moduleId }: TestSpecification): 'browser' | 'system' | 'other' {
  const path = moduleId.slice(root.length + 1);
  if (path.startsWith('e2e/test/browser/')) return 'browser';
  return path.startsWith('e2e/') ? 'system' : 'other';
}
