import { useTranslation } from 'react-i18next';
import { ForgeryPart } from './forgery.tsx';
import { AccessTokenTheftPart } from './steal-access-token.tsx';
import { RefreshTokenTheftPart } from './steal-refresh-token.tsx';

/** Ways to use what is somebody else's. Results stay when a theft has ended the session. */
export function ThiefPanel() {
  const { t } = useTranslation('demo');
  return (
    <>
      <p className="demo-about">{t('thief.about')}</p>
      <div className="demo-parts">
        <AccessTokenTheftPart />
        <RefreshTokenTheftPart />
        <ForgeryPart />
      </div>
    </>
  );
}
