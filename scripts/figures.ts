import { readFileSync } from 'node:fs';
import { showNumber, withUnit } from '../load/src/report/numbers.ts';
import { type QuotedFigure, readQuoted } from '../load/src/report/quoted.ts';
import { boundOf } from '../load/src/report/tables.ts';
import { thresholds } from '../load/src/thresholds.ts';

// The figures in the documents. Each is a link to its row in docs/performance.md, and all come from
// docs/performance.numbers.json, which `npm run load -- --write-numbers` writes.

const quoted = readQuoted();
const byAnchor = new Map(
  Object.values(quoted)
    .flatMap((figures) => Object.entries(figures))
    .map(([name, figure]) => [anchorOf(name), figure] as const),
);
const tables = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/;
/** Groups: the median; if they are quoted, the least and the most and the text around them; the unit; the link. */
const quotation =
  /\[([\d,.–]+)(?:( \()([\d,.–]+)( to | ~ )([\d,.–]+)(\)))?([^\]\d]*)\]\(((?:docs\/)?(?:performance\.md)?#(figure-[^)]+))\)/g;

function anchorOf(name: string): string {
  return `figure-${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')}`;
}

/**
 * Returns the document at that path with the latest measured figures, in its tables and in its text.
 *
 * @throws Error when it quotes a figure that is not in the file
 */
export function withFigures(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(tables, (_, begin: string, end: string) => `${begin}\n${allTables()}\n${end}`)
    .replaceAll(quotation, (_, _median, ...[open, , to, , close, unit, target, anchor]: string[]) => {
      const figure = byAnchor.get(anchor ?? '');
      if (figure === undefined) throw new Error(`${path} quotes ${anchor}, which was not measured.`);
      const spread = open === undefined ? [] : [open, show(figure.least), to, show(figure.most), close];
      return `[${[show(figure.median), ...spread, unit].join('')}](${target})`;
    });
}

/** The text without its figures, its tables of figures, and code. The rest may contain no measured number. */
export function withoutFigures(text: string): string {
  return text
    .replace(tables, '')
    .replaceAll(quotation, '')
    .replaceAll(/`[^`]*`/g, '');
}

/** A table for each group, and then the runs that measured them. */
function allTables(): string {
  const groups = Object.entries(quoted).flatMap(([title, figures]) => [
    `### ${title}`,
    '',
    '| what | against | median | least to most | rounds | must be | commit |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...Object.entries(figures).map(rowOf),
    '',
  ]);
  const runs = [...byAnchor.values()].map(
    ({ commit, command, machine }) => `- \`${commit}\`: \`${command}\`, ${machine}`,
  );
  return [...groups, 'By these runs:', '', ...new Set(runs), ''].join('\n');
}

function rowOf([name, figure]: [string, QuotedFigure]): string {
  const { unit, against = '', rounds, median, least, most, commit } = figure;
  const threshold = thresholds[name];
  const cells = [
    `<a id="${anchorOf(name)}"></a>${name}`,
    against,
    withUnit(median ?? Number.NaN, unit),
    least === null || rounds === 1 ? '' : `${show(least)} to ${show(most)}`,
    String(rounds),
    threshold === undefined ? '' : boundOf(threshold),
    `\`${commit}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

function show(value: number | null): string {
  return showNumber(value ?? Number.NaN);
}
