import { useTranslation } from 'react-i18next';
import { useFormats } from '../i18n/format.ts';
import { Button } from '../ui/button.tsx';
import { report } from '../ui/toasts.tsx';
import { describedScopes } from './described-scopes.ts';
import { type Consent, useWithdraw } from './use-consents.ts';

/** An application, what it may do, and the button that withdraws all of it. */
export function ConsentRow({ consent }: { consent: Consent }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const withdraw = useWithdraw();
  const { client_id: id, name, scopes, granted_at: grantedAt } = consent;

  return (
    <li className="row">
      <div className="row-text">
        <p className="row-title">
          <strong>{name}</strong>
          <time className="soft" dateTime={grantedAt}>
            {t('consents.allowed', { time: time(grantedAt) })}
          </time>
        </p>
        <p className="soft">{t('consents.may')}</p>
        <ul className="consent-scopes">
          {describedScopes(scopes).map(({ scope, key }) => (
            <li key={scope}>{key === null ? scope : t(`consents.scopes.${key}`)}</li>
          ))}
        </ul>
        <div className="row-foot">
          <Button
            look="small"
            aria-label={t('consents.withdrawFrom', { name })}
            isPending={withdraw.isPending}
            onPress={() => report(withdraw.mutateAsync(id), t('consents.withdrawn', { name }))}
          >
            {t('consents.withdraw')}
          </Button>
        </div>
      </div>
    </li>
  );
}
