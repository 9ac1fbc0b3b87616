import type { Bound, Figure, Measurement } from './benchmark.ts';
import type { Machine } from './machine.ts';
import { meets, spreadOf } from './statistics.ts';

export type Result = Measurement & {
  readonly name: string;
  readonly title: string;
  /** Why it could not be measured. */
  readonly failure?: string;
};

export type Report = {
  readonly machine: Machine;
  /** What to type to measure it again. */
  readonly command: string;
  readonly quick: boolean;
  readonly results: readonly Result[];
};

/** True when everything could be measured, and every figure with a bound keeps within it. */
export function passes(results: readonly Result[]): boolean {
  return results.every(
    ({ figures, failure }) =>
      failure === undefined && figures.every(({ values, bound }) => !bound || meets(values, bound)),
  );
}

/** The summary that a person reads: what was measured, its spread, the bound and the verdict. */
export function renderReport({ machine, command, quick, results }: Report): string {
  const rows = results.flatMap(({ figures }) => figures.map(rowOf));
  const details = results.flatMap(({ title, details: lines }) => [
    title,
    ...lines.map((line) => `  ${line}`),
    '',
  ]);
  const busy = machine.loadBefore > machine.cores / 4;
  return [
    '',
    ...details,
    ...table([['Figure', 'Median', 'Spread', 'Rounds', 'Bound', 'Verdict'], ...rows]),
    '',
    `${machine.cpu}, ${machine.cores} cores; Node.js ${machine.node}, OpenSSL ${machine.openssl}; ${machine.platform}`,
    `commit ${machine.commit}; ${machine.startedAt}; ${command}`,
    ...(quick ? ['A quick run: the shape, not the figures to quote.'] : []),
    ...(busy
      ? [`Other work was running (load ${machine.loadBefore.toFixed(1)}): the figures are rough.`]
      : []),
    '',
  ].join('\n');
}

/** The same, with every round, for programs. */
export function reportAsJson({ machine, command, quick, results }: Report): string {
  const benchmarks = results.map(({ name, title, figures, details, failure }) => ({
    name,
    title,
    figures: figures.map((figure) => ({
      ...figure,
      ...spreadOf(figure.values),
      met: figure.bound === undefined ? null : meets(figure.values, figure.bound),
    })),
    details,
    ...(failure === undefined ? {} : { failure }),
  }));
  return `${JSON.stringify({ machine, command, quick, passed: passes(results), benchmarks }, null, 2)}\n`;
}

const texts: Record<Figure['unit'], (value: number) => string> = {
  ratio: (value) => value.toFixed(3),
  bytes: (value) => `${Math.round(value)} B`,
  count: (value) => String(Math.round(value)),
  ms: (value) => `${value.toFixed(2)} ms`,
};

function rowOf(figure: Figure): string[] {
  const { median, min, max } = spreadOf(figure.values);
  const show = (value: number) => texts[figure.unit](value);
  const verdict = figure.bound === undefined ? '' : meets(figure.values, figure.bound) ? 'met' : 'MISSED';
  return [
    figure.name,
    show(median),
    `${show(min)} to ${show(max)}`,
    String(figure.values.length),
    figure.bound === undefined ? '' : boundText(figure.bound, show),
    verdict,
  ];
}

function boundText(bound: Bound, show: (value: number) => string): string {
  if ('medianAtLeast' in bound) return `≥ ${show(bound.medianAtLeast)}`;
  return 'medianAtMost' in bound ? `≤ ${show(bound.medianAtMost)}` : `all ≤ ${show(bound.everyAtMost)}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return rows.flatMap((row, index) => (index === 0 ? [line(row), rule] : [line(row)]));
}
