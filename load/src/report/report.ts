import type { Figure, SectionResult, Table } from '../section.ts';
import { THRESHOLDS, type Threshold } from '../thresholds.ts';
import type { Provenance } from './provenance.ts';

/** The result of one part, or why there is none. */
export type ReportedSection = SectionResult & {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  readonly failure?: string;
};

/** A run: what stands in the JSON, and what the page is made from. */
export type Report = { readonly provenance: Provenance; readonly sections: readonly ReportedSection[] };

export type Judged = {
  readonly figure: Figure;
  readonly median: number;
  readonly threshold: Threshold;
  readonly isMet: boolean;
};

/** Every figure of the run that a threshold is set for. */
export function judge({ sections }: Report): Judged[] {
  return sections.flatMap(({ figures }) =>
    figures.flatMap((figure) => {
      const threshold = THRESHOLDS[figure.name];
      if (threshold === undefined) return [];
      const median = medianOf(figure.values);
      const isMet = 'atMost' in threshold ? median <= threshold.atMost : median >= threshold.atLeast;
      return [{ figure, median, threshold, isMet }];
    }),
  );
}

/** A run passes when everything could be measured, by a generator that kept up, and every threshold is met. */
export function verdictOf(report: Report): 'PASSED' | 'MISSED' | 'INVALID' | 'FAILED' {
  if (report.sections.some(({ failure }) => failure !== undefined)) return 'FAILED';
  if (report.sections.some(({ invalid }) => invalid.length > 0)) return 'INVALID';
  return judge(report).every(({ isMet }) => isMet) ? 'PASSED' : 'MISSED';
}

/** The summary for the terminal. */
export function renderText(report: Report): string {
  const parts = report.sections.flatMap((section) => [
    '',
    section.title.toUpperCase(),
    ...(section.failure === undefined ? [] : [`FAILED: ${section.failure}`]),
    ...section.invalid.map((reason) => `INVALID: ${reason}`),
    ...section.tables.flatMap((table) => ['', table.title, ...linesOf(table)]),
  ]);
  const judged = judge(report).map(({ figure, median, threshold, isMet }) => {
    const bound = 'atMost' in threshold ? `≤ ${threshold.atMost}` : `≥ ${threshold.atLeast}`;
    return [figure.name, `${Number(median.toPrecision(3))} ${figure.unit}`, bound, isMet ? 'met' : 'MISSED'];
  });
  const thresholds: Table = {
    title: 'Thresholds',
    columns: ['figure', 'median', 'bound', 'verdict'],
    rows: judged,
  };
  const { command, commit, machine } = report.provenance;
  return [
    ...parts,
    '',
    ...(judged.length > 0 ? ['THRESHOLDS', ...linesOf(thresholds), ''] : []),
    `${machine}; commit ${commit}; ${command}`,
    verdictOf(report),
    '',
  ].join('\n');
}

/** The middle of the values, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

function linesOf({ columns, rows }: Table): string[] {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
