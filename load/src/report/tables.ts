import type { Figure, Table } from '../section.ts';
import type { Threshold } from '../thresholds.ts';
import type { Difference } from './compare.ts';
import { showNumber, withUnit } from './numbers.ts';
import { type Judged, judge, type Report } from './report.ts';
import { spreadOf } from './statistics.ts';

export function thresholdTable(report: Pick<Report, 'sections'>): Table {
  return {
    title: 'Thresholds',
    columns: ['figure', 'median, or worst', 'must be', 'verdict'],
    rows: judge(report).map(({ figure, value, threshold, isMet }: Judged) => [
      figure.name,
      withUnit(value, figure.unit),
      boundOf(threshold),
      isMet ? 'met' : 'MISSED',
    ]),
  };
}

/** @example boundOf({ atMost: 400, every: true }) // 'each ≤ 400' */
export function boundOf(threshold: Threshold): string {
  const bound =
    'atMost' in threshold ? `≤ ${showNumber(threshold.atMost)}` : `≥ ${showNumber(threshold.atLeast)}`;
  return threshold.every === true ? `each ${bound}` : bound;
}

/** Whether the generator kept up in each measurement. */
export function healthTable({ sections }: Pick<Report, 'sections'>): Table {
  return {
    title: 'How late requests were sent, and what the generator used',
    columns: ['while', 'lag p50, ms', 'lag p99, ms', 'lag max, ms', 'CPU, cores', 'verdict'],
    rows: sections.flatMap(({ health = [] }) =>
      health.map(({ during, health: { lag, cpu, faults } }) => [
        during,
        lag.p50,
        lag.p99,
        lag.max,
        cpu,
        faults.length === 0 ? 'kept up' : 'INVALID',
      ]),
    ),
  };
}

export function figureTable(figures: readonly Figure[]): Table {
  return {
    title: 'Figures',
    columns: ['figure', 'against', 'unit', 'median', 'lowest', 'highest', 'rounds'],
    rows: figures.map(({ name, against = '', unit, values }) => {
      const { median, min, max } = spreadOf(values);
      return [name, against, unit, median, min, max, values.length];
    }),
  };
}

export function differenceTable(differences: readonly Difference[]): Table {
  const side = ({ median, min, max }: Difference['before'], unit: string) =>
    min === max
      ? withUnit(median, unit)
      : `${withUnit(median, unit)} (${showNumber(min)} to ${showNumber(max)})`;
  return {
    title: 'Figures, median (lowest to highest round)',
    columns: ['figure', 'before', 'now', 'change', 'significance'],
    rows: differences.map(({ name, unit, before, after, changePercent, significance }) => [
      name,
      side(before, unit),
      side(after, unit),
      changePercent === undefined ? '–' : `${changePercent > 0 ? '+' : ''}${changePercent.toFixed(0)} %`,
      significance,
    ]),
  };
}
