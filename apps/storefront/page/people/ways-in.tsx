import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { endedVisit } from '../traffic/ended-visit.ts';
import { IdentityList } from './identities.tsx';
import { useProviders } from './providers.ts';

/** How the person can sign in. Where there are no providers, there is nothing to choose. */
export function WaysIn() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(endedVisit?.kind === 'link');
  if (useProviders().length === 0) return null;
  return (
    <details className="consents" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('identities.title')}</summary>
      {isOpen && <IdentityList />}
    </details>
  );
}
