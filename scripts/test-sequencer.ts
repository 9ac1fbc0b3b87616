import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = join(import.meta.dirname, '..');

/** The share of a run's files within which all browser tests have begun: none is left to go on alone in the end. */
const browsersWithin = 0.6;

/**
 * Spreads the tests in a browser, which want the processor, over those that wait for something, so that neither core is
 * idle; and lets the tests of the whole system, which take longest, begin before the many small ones, which fill what is
 * left. Within each of these groups the order is vitest's: what took longest last time comes first.
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
