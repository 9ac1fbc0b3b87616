import { writeFileSync } from 'node:fs';
import { parseArguments, UsageError, usage } from './arguments.ts';
import { scenarioSection } from './experiments/scenario-section.ts';
import { renderText, verdictOf } from './report/report.ts';
import { runSections } from './run.ts';
import type { Section } from './section.ts';

const sections: readonly Section[] = [scenarioSection];

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time it does not wait for everything to be stopped in order.
    if (interrupted.signal.aborted) process.exit(1);
    interrupted.abort();
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (interrupted.signal.aborted) process.stderr.write('\nStopped; nothing is left running.\n');
  else process.stderr.write(`\n${error instanceof UsageError ? error.message : String(stackOf(error))}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(argv: readonly string[]): Promise<number> {
  const names = sections.map(({ name }) => name);
  const args = parseArguments(argv, names);
  if (args.help) {
    process.stdout.write(usage(names));
    return 0;
  }
  const chosen = sections.filter(
    ({ name, option }) =>
      (args.only.length === 0 || args.only.includes(name)) && (option === undefined || args[option]),
  );
  const report = await runSections(chosen, { args, argv, signal: interrupted.signal });
  writeFileSync(`${args.out}.json`, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(renderText(report));
  return verdictOf(report) === 'PASSED' ? 0 : 1;
}

function stackOf(error: unknown): unknown {
  return error instanceof Error ? error.stack : error;
}
