import { useTranslation } from 'react-i18next';
import { Notice } from '../ui/notice.tsx';
import { endReason, isAlarming } from './end-reasons.ts';

/** Why somebody is not signed in any more. Nothing when they wanted it so, or never were. */
export function EndedNotice({ reason }: { reason: string | null }) {
  const { t } = useTranslation();
  const why = endReason(reason);
  if (why === null) return null;
  return (
    <Notice tone={isAlarming(why) ? 'bad' : 'warn'} title={t('ended.title')} isAlert>
      <span>
        {t(`ended.${why}`)} {t('ended.again')}
      </span>
    </Notice>
  );
}
