import { parseArgs } from 'node:util';
import { type Section, secondsOf } from './section.ts';

export class UsageError extends Error {}

export type Arguments = {
  readonly quick: boolean;
  readonly help: boolean;
  readonly rivals: boolean;
  /** Sections to run; none means all. */
  readonly only: readonly string[];
  /** The path of the report, without .html and .json. */
  readonly out: string;
  /** The JSON of an earlier run. */
  readonly compare: string | undefined;
  /** Whether this run replaces the figures that the documents quote. */
  readonly writeNumbers: boolean;
  readonly seed: number;
};

/** @throws UsageError that says what is wrong */
export function parseArguments(argv: readonly string[], sections: readonly string[]): Arguments {
  const values = parse(argv);
  const only = values.only ?? [];
  const unknown = only.find((name) => !sections.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`There is no section "${unknown}": ${sections.join(', ')}.`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UsageError('--seed takes a whole number.');
  const writeNumbers = values['write-numbers'];
  if (writeNumbers && values.quick)
    throw new UsageError('--write-numbers takes a full run: a quick one has no figures to quote.');
  return {
    quick: values.quick,
    help: values.help,
    rivals: values.rivals,
    only,
    out: values.out.replace(/\.(html|json)$/, ''),
    compare: values.compare,
    writeNumbers,
    seed,
  };
}

/** The text of --help, which says how long a run takes. */
export function usage(sections: readonly Pick<Section, 'name' | 'seconds' | 'option'>[]): string {
  const always = sections.filter(({ option }) => option === undefined);
  const takes = (length: 'full' | 'quick') => inWords(secondsOf(always, length).total);
  const names = sections.map(({ name }) => name).join(', ');
  return `Drives a Latchkey and writes a report: npm run load -- [options]

  --quick          the shape of all of it, in about ${takes('quick')} instead of ${takes('full')}
  --rivals         other libraries and servers beside ours, too
  --only SECTION   one part of it, may be given again: ${names}
  --compare FILE   what has changed since the run whose JSON this is
  --out NAME       writes NAME.html and NAME.json; default load-report
  --write-numbers  writes what it measures to docs/performance.numbers.json, which the documents quote
  --seed NUMBER    of the arrivals; default 1
  --help           this text

It starts a system of its own, or drives the running one that AUTH_URL, CART_URL, WISHLIST_URL and PAYMENT_URL name.
The exit code is 0 when every threshold is met, 1 when one is not or the run is invalid, 2 for a wrong option.
`;
}

function inWords(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds / 5) * 5} s` : `${Math.ceil(seconds / 60)} min`;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        rivals: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        compare: { type: 'string' },
        out: { type: 'string', default: 'load-report' },
        'write-numbers': { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
