import { writeFileSync } from 'node:fs';
import { parseArguments, UsageError, usage } from './arguments.ts';
import { chooseSections } from './choose.ts';
import { costSection } from './experiments/auth-cost/cost-section.ts';
import { growthSection } from './experiments/auth-cost/growth-section.ts';
import { proofStoreSection } from './experiments/auth-cost/proof-store-section.ts';
import { faultSection } from './experiments/faults/fault-section.ts';
import { memorySection } from './experiments/memory/memory-section.ts';
import { refreshSection } from './experiments/refresh-rate.ts';
import { latencySection } from './experiments/revocation-latency/latency-section.ts';
import { saturationSection } from './experiments/saturation-section.ts';
import { scenarioSection } from './experiments/scenario-section.ts';
import { singleParts } from './experiments/single-parts/sections.ts';
import { compareReports } from './report/compare.ts';
import { renderPage } from './report/page/page.ts';
import { writeQuoted } from './report/quoted.ts';
import { verdictOf } from './report/report.ts';
import { readReport } from './report/saved.ts';
import { renderText } from './report/text.ts';
import { codeFlowSection } from './rivals/code-flow/code-flow-section.ts';
import { rivalsSection } from './rivals/rivals-section.ts';
import { runSections } from './run.ts';
import type { Section } from './section.ts';
import { namesSystem } from './system/system.ts';

const sections: readonly Section[] = [
  costSection,
  proofStoreSection,
  growthSection,
  scenarioSection,
  saturationSection,
  faultSection,
  latencySection,
  refreshSection,
  ...singleParts,
  memorySection,
  rivalsSection,
  codeFlowSection,
];

// npm and the terminal each deliver the same Ctrl-C, a few milliseconds apart.
const sameSignalMs = 1_000;
const interrupted = new AbortController();
let interruptedAt = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) {
      interruptedAt = performance.now();
      interrupted.abort();
    } else if (performance.now() - interruptedAt > sameSignalMs) {
      // A second signal ends the process without an orderly stop.
      process.exit(1);
    }
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (interrupted.signal.aborted) process.stderr.write('\nStopped; nothing is left running.\n');
  else process.stderr.write(`\n${textOf(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(argv: readonly string[]): Promise<number> {
  const names = sections.map(({ name }) => name);
  const args = parseArguments(argv, names);
  if (args.help) {
    process.stdout.write(usage(sections));
    return 0;
  }
  // Read before anything is measured, because a wrong name is not worth ten minutes.
  const before = args.compare === undefined ? undefined : readReport(args.compare);
  const choice = chooseSections(sections, { args, isOwnSystem: !namesSystem(process.env) });
  const report = await runSections(choice, { args, argv, signal: interrupted.signal });
  const comparison = before && compareReports(before, report);
  writeFileSync(`${args.out}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${args.out}.html`, renderPage(report, comparison));
  process.stdout.write(renderText(report, comparison));
  if (args.writeNumbers) {
    const stay = writeQuoted(report);
    process.stdout.write(`Of earlier runs: ${stay.join('; ') || 'nothing'}. Now: npm run reference\n`);
  }
  process.stdout.write(`The report: ${args.out}.html, and for programs ${args.out}.json\n`);
  return verdictOf(report) === 'PASSED' ? 0 : 1;
}

/** A fault that the person can repair is told without a stack. dev-stack's class is not installed everywhere. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = error instanceof UsageError || error.name === 'DevStackError';
  return isOurs ? error.message : (error.stack ?? error.message);
}
