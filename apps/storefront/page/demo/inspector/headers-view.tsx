import { useTranslation } from 'react-i18next';
import type { TrafficEntry } from '../../traffic/traffic.ts';

/** The headers of request and answer that a page may read. */
export function HeadersView({ entry: { request, answer } }: { readonly entry: TrafficEntry }) {
  const { t } = useTranslation('demo');
  return (
    <>
      <h5>{t('inspector.request_headers')}</h5>
      <HeaderList headers={request.headers} />
      <h5>{t('inspector.answer_headers')}</h5>
      <HeaderList headers={answer?.headers ?? {}} />
    </>
  );
}

function HeaderList({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('demo');
  const all = Object.entries(headers);
  if (all.length === 0) return <p className="demo-about">{t('inspector.no_headers')}</p>;
  return (
    <dl className="headers">
      {all.map(([name, value]) => (
        <div key={name} className="header">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
