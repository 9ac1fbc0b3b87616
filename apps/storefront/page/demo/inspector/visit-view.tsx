import { useTranslation } from 'react-i18next';
import type { PageRequest } from '../../traffic/traffic.ts';
import { Section } from './section.tsx';

type VisitViewProps = NonNullable<PageRequest['visit']> & Pick<PageRequest, 'url'>;

/** Where the browser went and came back, as far as a page can know it. */
export function VisitView({ url, provider, back }: VisitViewProps) {
  const { t } = useTranslation('demo');
  const isLink = new URLSearchParams(back.replace(/^[^?]*/, '')).has('identity');
  const place = provider ?? 'auth-service';
  return (
    <Section title={t('inspector.visit')} isOpen>
      <p>{t(isLink ? 'inspector.visit_link' : 'inspector.visit_sign_in', { place })}</p>
      <dl className="headers">
        {[
          [t('inspector.visit_to'), url],
          [t('inspector.visit_back'), back],
        ].map(([name, address]) => (
          <div key={name} className="header">
            <dt>{name}</dt>
            <dd>{address}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
