import { writeFileSync } from 'node:fs';
import { parseArguments, UsageError, usage } from './arguments.ts';
import type { Benchmark } from './benchmark.ts';
import { checkout } from './checkout/checkout.ts';
import { firstPaint } from './first-paint.ts';
import { firstVerification } from './first-verification.ts';
import { describeMachine } from './machine.ts';
import { Progress } from './progress.ts';
import { protectedRoute } from './protected-route/protected-route.ts';
import { refreshRate } from './refresh-rate/refresh-rate.ts';
import { passes, type Report, type Result, renderReport, reportAsJson } from './report.ts';
import { revocation } from './revocation/revocation.ts';
import { sessionBytes } from './session-bytes.ts';

const benchmarks: readonly Benchmark[] = [
  protectedRoute,
  firstVerification,
  refreshRate,
  sessionBytes,
  checkout,
  revocation,
  firstPaint,
];
const names = benchmarks.map(({ name }) => name);

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (interrupted.signal.aborted) process.stderr.write('\nStopped; nothing is left running.\n');
  else process.stderr.write(`\n${error instanceof UsageError ? error.message : String(stackOf(error))}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** The first signal stops everything in order; a second one does not wait for that. */
function stop(): void {
  if (interrupted.signal.aborted) process.exit(1);
  interrupted.abort();
}

async function main(args: readonly string[]): Promise<number> {
  const { quick, help, jsonFile, only } = parseArguments(args, names);
  if (help) {
    process.stdout.write(usage(names));
    return 0;
  }
  const chosen = benchmarks.filter(({ name }) => only.length === 0 || only.includes(name));
  const machine = describeMachine();
  const results = await runAll(chosen, quick);
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const report: Report = { machine, command, quick, results };
  process.stdout.write(renderReport(report));
  if (jsonFile !== undefined) writeFileSync(jsonFile, reportAsJson(report));
  return passes(results) ? 0 : 1;
}

/** One after the other: two at once would measure each other. */
async function runAll(chosen: readonly Benchmark[], quick: boolean): Promise<Result[]> {
  const progress = new Progress();
  const secondsOf = ({ seconds }: Benchmark) => (quick ? seconds.quick : seconds.full);
  const results: Result[] = [];
  for (const [index, benchmark] of chosen.entries()) {
    const secondsAfter = chosen.slice(index + 1).reduce((sum, later) => sum + secondsOf(later), 0);
    progress.begin(benchmark.title, { seconds: secondsOf(benchmark), secondsAfter });
    const { name, title } = benchmark;
    try {
      results.push({
        name,
        title,
        ...(await benchmark.run({ quick, progress, signal: interrupted.signal })),
      });
    } catch (error) {
      // What the others measured is still worth having.
      results.push({ name, title, figures: [], details: [], failure: String(stackOf(error)) });
    }
    interrupted.signal.throwIfAborted();
  }
  progress.end();
  return results;
}

function stackOf(error: unknown): unknown {
  return error instanceof Error ? error.stack : error;
}
