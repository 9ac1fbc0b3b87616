import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { useKeptFocus } from '../ui/use-kept-focus.ts';
import { ConsentRow } from './consent-row.tsx';
import { useConsents } from './use-consents.ts';

/** The applications of others that the person allowed something. Few have any, so the list is read when it is opened. */
export function Consents() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="consents" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('consents.title')}</summary>
      {isOpen && <ConsentList />}
    </details>
  );
}

function ConsentList() {
  const { t } = useTranslation();
  const { data: consents, error, isPending, refetch } = useConsents();
  return (
    <section {...useKeptFocus<HTMLElement>()} className="panel" aria-label={t('consents.title')}>
      <FaultNotice error={error} onRetry={() => void refetch()} />
      {isPending && <p className="soft">{t('page.loading')}</p>}
      {consents?.length === 0 && <p className="soft">{t('consents.empty')}</p>}
      {consents !== undefined && consents.length > 0 && (
        <ul className="rows">
          {consents.map((consent) => (
            <ConsentRow key={consent.client_id} consent={consent} />
          ))}
        </ul>
      )}
    </section>
  );
}
