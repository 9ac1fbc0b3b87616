import { useTranslation } from 'react-i18next';
import { config } from '../config.ts';

/** Links to the services' API documents, and where to read how the system works. */
export function Documents() {
  const { t } = useTranslation('demo');
  return (
    <p className="demo-about">
      {t('lanes.documents')}{' '}
      {Object.entries(config.services).map(([name, origin]) => (
        <span key={name}>
          <a href={`${origin}/docs`} target="_blank" rel="noreferrer">{`${name}-service`}</a>{' '}
        </span>
      ))}
      {t('lanes.readme')}
    </p>
  );
}
