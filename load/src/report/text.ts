import type { Table } from '../section.ts';
import type { Comparison } from './compare.ts';
import { showNumber } from './numbers.ts';
import { judge, type Report, sizingRules, unjudged, verdictMeaning, verdictOf } from './report.ts';
import { differenceTable, figureTable, thresholdTable } from './tables.ts';

/** The summary for the terminal: measurements, changes, and the verdict at the end. */
export function renderText(report: Report, comparison?: Comparison): string {
  const { command, commit, machine } = report.provenance;
  const verdict = verdictOf(report);
  return [
    ...report.sections.flatMap(sectionLines),
    ...(comparison === undefined ? [] : comparisonLines(comparison)),
    ...chapter('Sizing', sizingRules(report)),
    ...chapter('Thresholds', linesOf(thresholdTable(report))),
    ...chapter(
      'Not measured',
      report.skipped.map(({ title, reason }) => `${title}: ${reason}`),
    ),
    '',
    `${machine}; commit ${commit}; ${command}`,
    `${judge(report).length} thresholds judged; ${unjudged(report).length} had no figure in this run, or too few rounds`,
    `${verdict}: ${verdictMeaning[verdict]}`,
    '',
  ].join('\n');
}

function sectionLines(section: Report['sections'][number]): string[] {
  return [
    '',
    section.title.toUpperCase(),
    ...(section.failure === undefined ? [] : [`FAILED: ${section.failure}`]),
    ...section.invalid.map((reason) => `INVALID: ${reason}`),
    ...tablesOf(section).flatMap((table) => ['', table.title, ...linesOf(table)]),
  ];
}

/** A part that has no tables shows its figures. */
function tablesOf({ tables, figures, resources = [] }: Report['sections'][number]): readonly Table[] {
  const first = tables.length === 0 ? [figureTable(figures)] : tables;
  return [...first, ...resources].filter(({ rows }) => rows.length > 0);
}

function comparisonLines(comparison: Comparison): string[] {
  const changed = comparison.differences.filter(({ significance }) => significance !== 'within noise');
  const same = comparison.differences.length - changed.length;
  return [
    '',
    'DIFFERENCE TO THE SAVED RUN',
    ...comparison.cautions,
    ...linesOf(differenceTable(changed)),
    `${same} more within noise`,
  ];
}

function chapter(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title.toUpperCase(), ...lines];
}

/** The lines of a table, in columns; none if the table has no rows. */
function linesOf({ columns, rows }: Table): string[] {
  if (rows.length === 0) return [];
  const show = (cell: string | number) => (typeof cell === 'number' ? showNumber(cell) : cell);
  const cells = [columns, ...rows.map((row) => row.map(show))];
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
