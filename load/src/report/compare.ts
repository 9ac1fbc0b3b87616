import type { Figure } from '../section.ts';
import type { Report } from './report.ts';
import { type Spread, spreadOf } from './statistics.ts';

export type Significance =
  /** The rounds of one run reach into those of the other: it may be chance. */
  | 'within noise'
  /** Every round of one run is above every round of the other, in the direction that people want, or not. */
  | 'better'
  | 'worse'
  /** As clear, of a figure that is good or bad by what it says, and not by being high. */
  | 'different'
  /** As clear, and of so few rounds that it may be chance all the same. */
  | 'too few rounds';

export type Difference = {
  readonly name: string;
  readonly unit: Figure['unit'];
  readonly before: Spread;
  readonly after: Spread;
  /** Absent where it was 0 before. */
  readonly changePercent?: number;
  readonly significance: Significance;
};

export type Comparison = {
  readonly differences: readonly Difference[];
  /** Figures that only one of the runs has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Why the two should not be compared: sentences; none when nothing is known against it. */
  readonly cautions: readonly string[];
};

/** Above it, two runs are not said to differ. */
const maxChance = 0.05;

/** What has changed from one run to the other, figure by figure, with what the spread of the rounds says about it. */
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
  // A ratio may be good or bad when it is high.
  if (figure.unit === '') return 'different';
  return isHigher === (figure.unit === '1/s') ? 'better' : 'worse';
}

/**
 * How likely it is that no round of one run reaches into those of the other when nothing has changed: of all orders of the
 * rounds, two have them apart. With 5 and 5 it is 1 of 126, with 2 and 2 it is 1 of 3.
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
