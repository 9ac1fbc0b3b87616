import { join } from 'node:path';
import { Runner } from './toolchain/runner.mjs';

// npm run check: everything that a change must pass. All steps run, so that one run shows all faults.
// --no-tests leaves out the tests, for use after a test run.
const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

const vitest = join('node_modules', 'vitest', 'vitest.mjs');

type Step = { name: string; program: string; args: string[] };

const steps: Step[] = [
  { name: 'lint', program: bin('biome'), args: ['check', '--error-on-warnings'] },
  {
    name: 'types',
    program: bin('turbo'),
    args: ['run', 'typecheck', '--continue', '--cache=local:rw', '--output-logs=errors-only'],
  },
  { name: 'boundaries', program: bin('turbo'), args: ['boundaries'] },
  { name: 'unused code', program: bin('knip'), args: [] },
  { name: 'tests', program: process.execPath, args: [vitest, 'run'] },
  {
    name: 'machines',
    program: process.execPath,
    args: [vitest, 'run', '--config', 'vitest.machines.config.ts'],
  },
];

const noTests = process.argv.slice(2).includes('--no-tests');
const runner = new Runner();
const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
};
const results: { name: string; ok: boolean; seconds: number }[] = [];

for (const { name, program, args } of steps) {
  if (['tests', 'machines'].includes(name) && noTests) continue;
  console.log(`\n── ${name} ──`);
  const began = performance.now();
  const code = await runner.run(program, args, { cwd: root, env }).catch((error: Error) => {
    console.error(error.message);
    return 1;
  });
  results.push({ name, ok: code === 0, seconds: (performance.now() - began) / 1000 });
  if (runner.interrupted !== undefined) process.exit(runner.interrupted);
}

console.log('\n── check ──');
for (const { name, ok, seconds } of results) {
  console.log(`${ok ? 'ok     ' : 'FAILED '} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`);
}
if (noTests) console.log('left out tests (--no-tests)');
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
console.log(failed.length === 0 ? 'All passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
