import { Button } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../i18n/i18n.ts';
import { FaultNotice } from '../ui/fault-notice.tsx';
import type { Provider } from './providers.ts';
import { useLeave } from './use-leave.ts';

export type ProviderButtonsProps = {
  readonly providers: readonly Provider[];
  /** The person has to sign in anew, even if they are signed in there. A provider that cannot do that only confirms it. */
  readonly isAnew?: boolean;
};

/** A button for each provider, in its words and colours. It leaves the page, and the person comes back signed in. */
export function ProviderButtons({ providers, isAnew = false }: ProviderButtonsProps) {
  const { t } = useTranslation();
  const leave = useLeave();
  return (
    <>
      <FaultNotice error={leave.error} refusedTitle={t('people.signInFailed')} />
      <ul className="providers" aria-label={t('people.elsewhereButtons')}>
        {providers.map(({ id, labels, look, can_reauthenticate: canProve }) => (
          <li key={id}>
            <Button
              className="button quiet provider"
              data-look={look}
              isPending={leave.isPending}
              onPress={() =>
                leave.mutate({ identityProvider: id, ...(isAnew && canProve && { maxAgeSeconds: 0 }) })
              }
            >
              {labels[currentLanguage()]}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
