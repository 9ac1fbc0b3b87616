import type { Plot } from '../../section.ts';
import type { Comparison } from '../compare.ts';
import {
  type Report,
  type ReportedSection,
  sizingRules,
  unjudged,
  verdictMeaning,
  verdictOf,
} from '../report.ts';
import { differenceTable, figureTable, healthTable, thresholdTable } from '../tables.ts';
import { type Html, html } from './html.ts';
import { renderList, renderPlot, renderTable } from './parts.ts';

export type Chapter = {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
  /** The plots that the body refers to by id. */
  readonly plots: readonly (Plot & { readonly id: string })[];
};

/** The report in reading order: the verdict, how far to trust it, and then part by part. */
export function chaptersOf(report: Report, comparison?: Comparison): Chapter[] {
  return [
    plain('verdict', 'Verdict and sizing', verdict(report)),
    plain('provenance', 'What ran, and where', provenance(report)),
    plain('generator', 'Did the generator keep up', generator(report)),
    ...report.sections.map(sectionChapter),
    plain('resources', 'What the services used', resources(report)),
    ...(comparison === undefined
      ? []
      : [plain('difference', 'Difference to the saved run', difference(comparison))]),
    plain('not-measured', 'What was not measured', notMeasured(report)),
  ];
}

function plain(id: string, title: string, body: Html): Chapter {
  return { id, title, body, plots: [] };
}

function verdict(report: Report): Html {
  const value = verdictOf(report);
  const rules = sizingRules(report);
  return html`<p><strong class="verdict ${value.toLowerCase()}">${value}</strong> ${verdictMeaning[value]}</p>
${renderTable(thresholdTable(report))}
<h3>Sizing</h3>
${rules.length === 0 ? html`<p>Nothing about sizes was measured.</p>` : renderList(rules)}`;
}

function provenance({ provenance: run }: Report): Html {
  const cores = Number(/, (\d+) cores/.exec(run.machine)?.[1] ?? 1);
  const isBusy = run.loadBefore > cores / 4;
  const lines: readonly (readonly [string, string])[] = [
    ['Command', run.command],
    ['Commit', run.commit],
    ['Machine', run.machine],
    ['Runtime', run.node],
    ['System', run.system],
    ...(run.stores === undefined ? [] : [['Stores', run.stores] as const]),
    ['Began', run.startedAt],
    ['Seed of the arrivals', String(run.seed)],
    ['Load before the run', `${run.loadBefore.toFixed(1)} processes that wanted a core`],
  ];
  return html`<dl>${lines.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>
${isBusy ? html`<p class="warning">Other work was running on this machine: the figures are rough.</p>` : ''}`;
}

function generator(report: Report): Html {
  const table = healthTable(report);
  return html`<p>Requests are sent by an absolute schedule and measured from the moment they were due, so that a server that
stalls is seen to stall by everybody who would have come meanwhile. A generator that is late, or short of CPU, measures
itself: then the part says INVALID.</p>
${table.rows.length === 0 ? html`<p>Nothing in this run was sent by a schedule.</p>` : renderTable(table)}`;
}

function sectionChapter(section: ReportedSection): Chapter {
  const id = `section-${section.name}`;
  const plots = section.plots.map((plot, index) => ({ ...plot, id: `${id}-plot-${index}` }));
  const { failure, invalid, tables, notes, figures } = section;
  return {
    id,
    title: section.title,
    plots,
    body: html`${failure === undefined ? '' : html`<p class="warning">This part failed.</p><pre>${failure}</pre>`}
${invalid.map((reason) => html`<p class="warning">INVALID: ${reason}</p>`)}
${plots.map(renderPlot)}
${tables.map(renderTable)}
${renderList(notes)}
${figures.length === 0 ? '' : html`<details><summary>Figures and their spread</summary>${renderTable(figureTable(figures))}</details>`}
<p class="aside">It took ${section.seconds} s.</p>`,
  };
}

function resources({ sections }: Report): Html {
  const tables = sections.flatMap(({ title, resources: own = [] }) =>
    own.map((table) => ({ ...table, title: `${title}: ${table.title}` })),
  );
  return tables.length === 0 ? html`<p>Nothing was looked at.</p>` : html`${tables.map(renderTable)}`;
}

function difference({ differences, onlyBefore, onlyAfter, cautions }: Comparison): Html {
  return html`<p>Within noise: the rounds of one run reach into those of the other. Too few rounds: they do not, which happens by
chance in more than 1 of 20 pairs of runs with so few; with 5 rounds each it does in 1 of 126.</p>
${cautions.map((caution) => html`<p class="warning">${caution}</p>`)}
${renderTable(differenceTable(differences))}
${onlyBefore.length === 0 ? '' : html`<p>Only in the saved run: ${onlyBefore.join(', ')}.</p>`}
${onlyAfter.length === 0 ? '' : html`<p>Only in this run: ${onlyAfter.join(', ')}.</p>`}`;
}

function notMeasured(report: Report): Html {
  const without = unjudged(report);
  return renderList([
    ...report.skipped.map(({ title, reason }) => `${title}: ${reason}.`),
    ...(without.length === 0
      ? []
      : [`Thresholds without a figure, or with too few rounds of it: ${without.join(', ')}.`]),
    'Networks: the generator and the system share one machine, or one network of containers.',
    'More than one replica of a service, and a Redis or Postgres on a machine of its own.',
    'Days: what only shows after hours, such as a slow leak, is not seen in minutes.',
  ]);
}
