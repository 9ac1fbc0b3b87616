import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../section.ts';
import type { Report } from './report.ts';
import { spreadOf } from './statistics.ts';

/** A figure that the documents quote. A value that was not written down in time is null. */
export type QuotedFigure = {
  readonly unit: Figure['unit'];
  readonly against?: string;
  readonly rounds: number;
  readonly median: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly machine: string;
  readonly commit: string;
  readonly command: string;
};

/** By topic, and then by the names in a report, in the order in which they are shown. */
export type QuotedFigures = Readonly<Record<string, Readonly<Record<string, QuotedFigure>>>>;

const file = fileURLToPath(new URL('../../../docs/performance.numbers.json', import.meta.url));

export function readQuoted(): QuotedFigures {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * Writes the figures of a run to the file, from which `npm run reference` puts them into the documents. Returns the
 * names of the figures that stay as they were.
 */
export function writeQuoted(report: Report): string[] {
  const quoted = requote(readQuoted(), report);
  writeFileSync(file, `${JSON.stringify(quoted, null, 2)}\n`);
  const figures = Object.values(quoted).flatMap((group) => Object.entries(group));
  return figures.filter(([, { commit }]) => commit !== report.provenance.commit).map(([name]) => name);
}

/**
 * Returns the same figures, with those of the run where it has them. A part whose generator did not keep up has none.
 * To quote one more figure, add its name to the file, with any content.
 */
export function requote(quoted: QuotedFigures, { provenance, sections }: Report): QuotedFigures {
  const { machine, commit, command } = provenance;
  const measured = new Map(
    sections
      .filter(({ invalid }) => invalid.length === 0)
      .flatMap(({ figures }) => figures.map((figure) => [figure.name, figure] as const)),
  );
  const now = (name: string, before: QuotedFigure): QuotedFigure => {
    const figure = measured.get(name);
    if (figure === undefined || figure.values.length === 0 || !figure.values.every(Number.isFinite))
      return before;
    const { name: _, values, ...described } = figure;
    const { median, min: least, max: most } = spreadOf(values);
    return { ...described, rounds: values.length, median, least, most, machine, commit, command };
  };
  const all = Object.entries(quoted).map(([title, figures]) => {
    const each = Object.entries(figures).map(([name, before]) => [name, now(name, before)]);
    return [title, Object.fromEntries(each)];
  });
  return Object.fromEntries(all);
}
