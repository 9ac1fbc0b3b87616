import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/use-session.ts';
import { BindingPart } from './binding.tsx';
import { CompareThefts } from './compare-thefts.tsx';
import { ForgeryPart } from './forgery.tsx';
import { AccessTokenTheftPart } from './steal-access-token.tsx';
import { RefreshTokenTheftPart } from './steal-refresh-token.tsx';
import { useThefts } from './thefts.ts';

/** The ways to use a stolen token. Results stay visible when a theft has ended the session. */
export function ThiefPanel() {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  const [thefts, keep] = useThefts();
  return (
    <>
      <p className="demo-about">{t('thief.about')}</p>
      {!isSignedIn && <p className="demo-about">{t('common.need_session')}</p>}
      <div className="demo-parts">
        <BindingPart />
        <CompareThefts thefts={thefts} />
        <AccessTokenTheftPart onOutcome={keep} />
        <RefreshTokenTheftPart onOutcome={keep} />
        <ForgeryPart />
      </div>
    </>
  );
}
