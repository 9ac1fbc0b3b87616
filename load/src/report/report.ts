import type { Figure, SectionResult } from '../section.ts';
import { type Threshold, thresholds } from '../thresholds.ts';
import type { Provenance } from './provenance.ts';
import { spreadOf } from './statistics.ts';

/** The result of one part, or the reason why there is none. */
export type ReportedSection = SectionResult & {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  readonly failure?: string;
};

/** A run. It is saved as JSON, and the page is made from it. */
export type Report = {
  /** The version of this format. A reader that knows another one must not guess. */
  readonly version: 1;
  readonly provenance: Provenance;
  readonly sections: readonly ReportedSection[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
};

export type Judged = {
  readonly figure: Figure;
  /** The median of its rounds, or the worst round if every round must meet the threshold. */
  readonly value: number;
  readonly threshold: Threshold;
  readonly isMet: boolean;
};

export type Verdict = 'PASSED' | 'MISSED' | 'INVALID' | 'FAILED';

export const verdictMeaning: Readonly<Record<Verdict, string>> = {
  PASSED: 'Every threshold that was judged is met, by a generator that kept up.',
  MISSED: 'At least one threshold is not met.',
  INVALID: 'The generator itself did not keep up: some figures are about it, and not about the system.',
  FAILED: 'A part of the run came to nothing.',
};

/** Judges each figure that has a threshold, and as many rounds as the threshold asks for. */
export function judge({ sections }: Pick<Report, 'sections'>): Judged[] {
  return sections.flatMap(({ figures }) =>
    figures.flatMap((figure) => {
      const threshold = thresholds[figure.name];
      if (threshold === undefined || figure.values.length < (threshold.fewestRounds ?? 0)) return [];
      const { median, min, max } = spreadOf(figure.values);
      const value = threshold.every === true ? ('atMost' in threshold ? max : min) : median;
      // A figure that could not be measured is NaN, and meets no threshold.
      const isMet = 'atMost' in threshold ? value <= threshold.atMost : value >= threshold.atLeast;
      return [{ figure, value, threshold, isMet }];
    }),
  );
}

/** A run passes when everything could be measured, the generator kept up, and each figure meets its threshold. */
export function verdictOf(report: Pick<Report, 'sections'>): Verdict {
  if (report.sections.some(({ failure }) => failure !== undefined)) return 'FAILED';
  const missed = judge(report).filter(({ isMet }) => !isMet);
  // A threshold of 0 forbids errors. They count even if the generator did not keep up.
  if (missed.some(({ threshold }) => 'atMost' in threshold && threshold.atMost === 0)) return 'MISSED';
  if (report.sections.some(({ invalid }) => invalid.length > 0)) return 'INVALID';
  return missed.length === 0 ? 'PASSED' : 'MISSED';
}

/** The thresholds that were not judged, because the run has no figure for them, or too few rounds. */
export function unjudged(report: Pick<Report, 'sections'>): string[] {
  const judged = new Set(judge(report).map(({ figure }) => figure.name));
  return Object.keys(thresholds).filter((name) => !judged.has(name));
}

/** All sentences of the parts about how much one core does. */
export function sizingRules({ sections }: Pick<Report, 'sections'>): string[] {
  return sections.flatMap(({ sizing = [] }) => sizing);
}
