import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const systemTests = join(import.meta.dirname, '../e2e/test/');

/**
 * Starts the tests of the whole system first. They take longest, so none runs alone at the end; and afterwards no worker
 * needs to keep a system running (e2e/test/setup.ts). Within each group the order is vitest's: the longest of the last
 * run first.
 */
export default class SystemFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { system = [], other = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      moduleId.startsWith(systemTests) ? 'system' : 'other',
    );
    return [...system, ...other];
  }
}
