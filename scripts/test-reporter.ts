import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { formatResult, type TestResult } from './test-result.mjs';

/**
 * Ends the output with the names of failed and skipped tests and a line of totals. If LATCHKEY_TEST_RESULT names a
 * file, it writes the same there, for .ci/run to report.
 */
export default class LastLinesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const result = collect(modules, errors);
    const file = process.env['LATCHKEY_TEST_RESULT'];
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
    // Printed after the default reporter's own summary.
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
      // Faults without a failed test: a file that cannot be loaded, and a failed hook of a suite.
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
