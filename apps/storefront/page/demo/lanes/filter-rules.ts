import type { Arrow } from './arrow-rules.ts';

export const filters = ['all', 'person', 'hops', 'refused'] as const;
export type Filter = (typeof filters)[number];

/** The maximum number of rows. Older ones are not shown. */
export const maxRows = 60;

/**
 * The traces to show, the newest first. Of generated load it shows only failures, which otherwise would hide what
 * people do. It does not show a panel's repeated reads: the panel shows them.
 */
export function shownArrows(traces: readonly (readonly Arrow[])[], filter: Filter): readonly Arrow[] {
  return traces
    .filter((arrows) => isShown(arrows, filter))
    .toReversed()
    .flat()
    .slice(0, maxRows);
}

function isShown(arrows: readonly Arrow[], filter: Filter): boolean {
  const [first] = arrows;
  if (first === undefined || first.purpose === 'probe') return false;
  const wentWrong = arrows.some(({ verdict }) => verdict === 'refused' || verdict === 'failed');
  if (first.purpose === 'load' && !wentWrong) return false;
  if (filter === 'person') return first.purpose === 'person';
  if (filter === 'hops') return arrows.some(({ from, span }) => span !== null && from !== 'demo');
  return filter === 'all' || wentWrong;
}

/** Counts requests by outcome: a summary that needs no colours. */
export function countsOf(
  arrows: readonly Arrow[],
): Readonly<Record<'passed' | 'refused' | 'failed', number>> {
  const count = (wanted: string) => arrows.filter(({ verdict }) => verdict === wanted).length;
  return { passed: count('passed'), refused: count('refused'), failed: count('failed') };
}
