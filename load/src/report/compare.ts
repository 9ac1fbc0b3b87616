import type { Figure } from '../section.ts';
import type { Report } from './report.ts';
import { type Spread, spreadOf } from './statistics.ts';

export type Significance =
  /** The rounds of the two runs overlap, so the difference may be chance. */
  | 'within noise'
  /** Every round of one run is above every round of the other. The unit says which direction is better. */
  | 'better'
  | 'worse'
  /** The rounds are as far apart, but a high value of this figure is neither good nor bad in itself. */
  | 'different'
  /** The rounds are as far apart, but so few that it may be chance all the same. */
  | 'too few rounds';

export type Difference = {
  readonly name: string;
  readonly unit: Figure['unit'];
  readonly before: Spread;
  readonly after: Spread;
  /** Absent if it was 0 before. */
  readonly changePercent?: number;
  readonly significance: Significance;
};

export type Comparison = {
  readonly differences: readonly Difference[];
  /** Figures that only one of the runs has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Sentences that say why the two should not be compared; empty when nothing speaks against it. */
  readonly cautions: readonly string[];
};

/** Two runs are said to differ only if the probability of chance is at most this. */
const maxChance = 0.05;

/** Compares two runs figure by figure. The spread of the rounds decides how significant each difference is. */
export function compareReports(before: Report, after: Report): Comparison {
  const old = figuresOf(before);
  const now = figuresOf(after);
  const differences = [...now].flatMap(([name, figure]) => {
    const earlier = old.get(name);
    return earlier === undefined ? [] : [differenceOf(earlier, figure)];
  });
  return {
    differences,
    onlyBefore: [...old.keys()].filter((name) => !now.has(name)),
    onlyAfter: [...now.keys()].filter((name) => !old.has(name)),
    cautions: cautionsFor(before, after),
  };
}

function differenceOf(earlier: Figure, figure: Figure): Difference {
  const before = spreadOf(earlier.values);
  const after = spreadOf(figure.values);
  const { name, unit } = figure;
  const changePercent = ((after.median - before.median) / before.median) * 100;
  return {
    name,
    unit,
    before,
    after,
    ...(Number.isFinite(changePercent) && { changePercent }),
    significance: significanceOf(earlier, figure),
  };
}

function significanceOf(earlier: Figure, figure: Figure): Significance {
  const before = spreadOf(earlier.values);
  const after = spreadOf(figure.values);
  const isHigher = after.min > before.max;
  if (!isHigher && !(after.max < before.min)) return 'within noise';
  if (chanceOfSeparation(earlier.values.length, figure.values.length) > maxChance) return 'too few rounds';
  // A high ratio may be good or bad.
  if (figure.unit === '') return 'different';
  return isHigher === (figure.unit === '1/s') ? 'better' : 'worse';
}

/**
 * The probability that the rounds of two runs do not overlap although nothing has changed. Of all orders of the rounds,
 * two keep them apart. With 5 and 5 rounds the probability is 1 in 126, with 2 and 2 it is 1 in 3.
 */
export function chanceOfSeparation(before: number, after: number): number {
  let orders = 1;
  for (let index = 1; index <= before; index += 1) orders = (orders * (after + index)) / index;
  return 2 / orders;
}

function figuresOf({ sections }: Report): Map<string, Figure> {
  const figures = sections
    .flatMap((section) => section.figures)
    .filter(({ values }) => values.length > 0 && values.every(Number.isFinite));
  return new Map(figures.map((figure) => [figure.name, figure]));
}

function cautionsFor({ provenance: before }: Report, { provenance: after }: Report): string[] {
  const differs = (what: string, was: string, is: string) =>
    was === is ? [] : [`${what}: ${was} before, ${is} now.`];
  const length = (quick: boolean) => (quick ? 'quick' : 'full');
  return [
    ...differs('Another machine', before.machine, after.machine),
    ...differs('Another Node.js', before.node, after.node),
    ...differs('Another system', before.system, after.system),
    ...differs('A run of another length', length(before.quick), length(after.quick)),
  ];
}
