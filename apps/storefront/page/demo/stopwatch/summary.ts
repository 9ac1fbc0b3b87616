import { useTranslation } from 'react-i18next';
import type { Stopwatch } from '../../../src/demo/api.ts';
import { currentLanguage } from '../../i18n/i18n.ts';
import { verdictOf } from '../lanes/verdicts.ts';
import { formatDuration } from './format-duration.ts';

/** A stopwatch as one sentence to announce: `cart-service 401 refused 3 ms, …`. */
export function useSummary() {
  const { t } = useTranslation('demo');
  return (stopwatch: readonly Stopwatch[]): string =>
    stopwatch
      .map(({ service, after, elapsed_ms: elapsedMs }) => {
        const took =
          elapsedMs === null ? t('common.unchanged') : formatDuration(elapsedMs, currentLanguage());
        return `${service} ${after.status} ${t(`lanes.verdicts.${verdictOf(after.status)}`)} ${took}`;
      })
      .join(', ');
}
