import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { formatResult, type TestResult } from './test-result.mjs';

/**
 * Ends the output with what failed and what was skipped, by name, and a line of totals. LATCHKEY_TEST_RESULT names a
 * file to put the same into, for whoever has to report it (.ci/run).
 */
export default class LastLinesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const result = collect(modules, errors);
    const file = process.env['LATCHKEY_TEST_RESULT'];
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
    // After the default reporter's own summary.
    process.once('exit', () => process.stdout.write(`\n${formatResult(result)}\n`));
  }
}

function collect(modules: readonly TestModule[], errors: readonly unknown[]): TestResult {
  const tests = modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => ({ module, test })),
  );
  const named = (...states: string[]) =>
    tests
      .filter(({ test }) => states.includes(test.result().state))
      .map(({ module, test }) => `${module.relativeModuleId} > ${test.fullName}`);
  const suites = modules.flatMap((module) =>
    [...module.children.allSuites()].map((suite) => ({ module, suite })),
  );
  return {
    passed: named('passed').length,
    failed: [
      ...named('failed'),
      // A file that cannot be loaded has no tests that could fail; a hook of a suite fails none of them.
      ...modules.filter((module) => module.errors().length > 0).map((module) => module.relativeModuleId),
      ...suites
        .filter(({ suite }) => suite.errors().length > 0)
        .map(({ module, suite }) => `${module.relativeModuleId} > ${suite.fullName}`),
      ...errors.map(
        (error) => `outside any test: ${error instanceof Error ? error.message : messageOf(error)}`,
      ),
    ],
    skipped: named('skipped', 'pending'),
  };
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
