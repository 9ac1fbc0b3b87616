import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/use-session.ts';

const things = ['sign_in', 'pay', 'theft'] as const;

/** What to press first. */
export function NoRequest() {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  return (
    <>
      <p>
        <strong>{t(isSignedIn ? 'lanes.empty' : 'lanes.nobody')}</strong>
      </p>
      <p>{t('lanes.try_title')}</p>
      <ol className="lanes-things">
        {things.map((thing) => (
          <li key={thing}>{t(`lanes.try_${thing}`)}</li>
        ))}
      </ol>
    </>
  );
}
