import { useTranslation } from 'react-i18next';
import { type Verdict, verdictOf } from '../lanes/verdicts.ts';

/** Signs that make the colours unnecessary. */
const signs: Readonly<Record<Verdict, string>> = {
  waiting: '…',
  passed: '✓',
  again: '↻',
  refused: '✕',
  turned_down: '↩',
  failed: '!',
};

type VerdictBadgeProps = {
  readonly status: number | null;
  /** Follows from the status by default. */
  readonly verdict?: Verdict;
};

/** A status as a coloured label: `✓ 200`. */
export function VerdictBadge({ status, verdict = verdictOf(status) }: VerdictBadgeProps) {
  const { t } = useTranslation('demo');
  return (
    <span className="demo-badge" data-verdict={verdict}>
      <span aria-hidden="true">{signs[verdict]} </span>
      {status === 0 ? t('lanes.no_answer') : (status ?? '')}
      <span className="visually-hidden"> {t(`lanes.verdicts.${verdict}`)} </span>
    </span>
  );
}
