import type { Arrow } from './arrow-rules.ts';
import { verdictOf } from './verdicts.ts';

export const filters = ['all', 'person', 'hops', 'refused'] as const;
export type Filter = (typeof filters)[number];

/** Rows that the lanes draw at most; older ones are in no view. */
export const mostRows = 60;

/**
 * Which traces are shown, the newest first. Traffic that only makes load would bury what people do: of it only what goes
 * wrong is shown. What a panel asks again and again stands in the panel, and nowhere else.
 */
export function shownArrows(traces: readonly (readonly Arrow[])[], filter: Filter): readonly Arrow[] {
  return traces
    .filter((arrows) => isShown(arrows, filter))
    .toReversed()
    .flat()
    .slice(0, mostRows);
}

function isShown(arrows: readonly Arrow[], filter: Filter): boolean {
  const [first] = arrows;
  if (first === undefined || first.purpose === 'probe') return false;
  const wentWrong = arrows.some(({ verdict }) => verdict === 'refused' || verdict === 'failed');
  if (first.purpose === 'load' && !wentWrong) return false;
  if (filter === 'person') return first.purpose === 'person';
  if (filter === 'hops') return arrows.some(({ from }) => from !== 'page' && from !== 'demo');
  return filter === 'all' || wentWrong;
}

/** How many requests ended how: for who cannot see the colours, and for a glance. */
export function countsOf(
  arrows: readonly Arrow[],
): Readonly<Record<'passed' | 'refused' | 'failed', number>> {
  const count = (wanted: string) => arrows.filter(({ status }) => verdictOf(status) === wanted).length;
  return { passed: count('passed'), refused: count('refused'), failed: count('failed') };
}
