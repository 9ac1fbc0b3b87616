import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with what failed and what was skipped by name, and one line of totals, so that none is overlooked. */
export default class LastLinesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    // After the default reporter's own summary.
    process.once('exit', () => process.stdout.write(`${lastLines(modules, errors).join('\n')}\n`));
  }
}

function lastLines(modules: readonly TestModule[], errors: readonly unknown[]): string[] {
  const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test })));
  const named = (state: string) =>
    tests
      .filter(({ test }) => test.result().state === state)
      .map(({ module, test }) => `${module.relativeModuleId} > ${test.fullName}`);
  const failed = [
    ...named('failed'),
    ...modules.filter((module) => module.errors().length > 0).map((module) => module.relativeModuleId),
    ...errors.map((error) => `outside any test: ${error instanceof Error ? error.message : String(error)}`),
  ];
  const skipped = named('skipped');
  const pending = named('pending').length;
  return [
    '',
    ...failed.map((name) => `FAILED   ${name}`),
    ...skipped.map((name) => `SKIPPED  ${name}`),
    ...(pending > 0 ? [`NOT RUN  ${pending} tests`] : []),
    `Tests: ${named('passed').length} passed, ${failed.length} failed, ${skipped.length + pending} skipped`,
  ];
}
