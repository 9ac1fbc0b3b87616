import { useTranslation } from 'react-i18next';
import { canSignInAgain, endReason, isAlarming } from '../session/end-reasons.ts';
import { wasSignedOutHere } from '../session/sign-out.ts';
import { Notice } from '../ui/notice.tsx';

/** Says why the session ended. Empty when the person signed out here, or was never signed in. */
export function EndedNotice({ reason }: { reason: string | null }) {
  const { t } = useTranslation();
  const why = reason === 'sign_out' ? reason : endReason(reason);
  if (why === null || wasSignedOutHere()) return null;
  return (
    <Notice tone={isAlarming(why) ? 'bad' : 'warn'} title={t('ended.title')} isAlert>
      <span>
        {t(`ended.${why}`)} {canSignInAgain(why) && t('ended.again')}
      </span>
    </Notice>
  );
}
