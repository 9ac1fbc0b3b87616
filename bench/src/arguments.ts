import { parseArgs } from 'node:util';

export type BenchArguments = {
  readonly quick: boolean;
  readonly help: boolean;
  /** Where to write everything that was measured. */
  readonly jsonFile: string | undefined;
  /** Names of the benchmarks to run; empty for all. */
  readonly only: readonly string[];
};

/** A mistake in what was typed; the message is one line that says what to type. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws UsageError
 * @example parseArguments(['--quick', '--json', 'bench.json'], ['refresh-rate'])
 */
export function parseArguments(args: readonly string[], benchmarks: readonly string[]): BenchArguments {
  const { quick, help, json, only } = read(args);
  const unknown = only.find((name) => !benchmarks.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`No benchmark is called "${unknown}": ${benchmarks.join(', ')}.`);
  if (json === '') throw new UsageError('--json needs the name of a file.');
  return { quick, help, jsonFile: json, only };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        json: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function usage(benchmarks: readonly string[]): string {
  return `Usage: npm run bench -- [--quick] [--json FILE] [--only NAME]…

  --quick      fewer and shorter rounds, a minute and a half instead of four
  --json FILE  also write every round to FILE
  --only NAME  run this benchmark alone; may stand several times: ${benchmarks.join(', ')}

Exit code: 0 all bounds are met, 1 one is missed or could not be measured, 2 wrong usage.
`;
}
