import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { ProviderButtons } from './provider-buttons.tsx';
import { useProviders } from './providers.ts';
import { useWaysIn } from './use-identities.ts';

type SignInElsewhereProps = {
  /** Whether the sign-in itself must be recent (max_age). Otherwise it is enough to have just come back from there. */
  readonly isStrict?: boolean;
  readonly onCancel: () => void;
};

/** Has somebody without a password sign in once more where they have an account. */
export function SignInElsewhere({ isStrict = false, onCancel }: SignInElsewhereProps) {
  const { t } = useTranslation();
  const { data: ways } = useWaysIn();
  const own = new Set(ways?.identities.map(({ provider }) => provider));
  const providers = useProviders().filter(
    ({ id, can_reauthenticate: canProve }) => own.has(id) && (canProve || !isStrict),
  );
  return (
    <div className="form">
      {providers.length > 0 ? (
        <ProviderButtons providers={providers} isAnew />
      ) : (
        <p>{t('identities.nobodyProves')}</p>
      )}
      <div className="form-foot">
        <Button onPress={onCancel}>{t('page.cancel')}</Button>
      </div>
    </div>
  );
}
