import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { ProviderButtons } from './provider-buttons.tsx';
import { useProviders } from './providers.ts';
import { useWaysIn } from './use-identities.ts';

/** Has somebody without a password sign in anew where they have an account: only that proves that it is them. */
export function SignInElsewhere({ onCancel }: { readonly onCancel: () => void }) {
  const { t } = useTranslation();
  const { data: ways } = useWaysIn();
  const own = new Set(ways?.identities.map(({ provider }) => provider));
  const providers = useProviders().filter(({ id, can_reauthenticate: canProve }) => canProve && own.has(id));
  return (
    <div className="form">
      {providers.length > 0 ? (
        <ProviderButtons providers={providers} maxAgeSeconds={0} />
      ) : (
        <p>{t('identities.nobodyProves')}</p>
      )}
      <div className="form-foot">
        <Button onPress={onCancel}>{t('page.cancel')}</Button>
      </div>
    </div>
  );
}
