import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { tell } from '../ui/toasts.tsx';
import { useKeptFocus } from '../ui/use-kept-focus.ts';
import { IdentityRow } from './identity-row.tsx';
import { ProofDialog } from './proof-dialog.tsx';
import { type Provider, useProviders } from './providers.ts';
import { useLink, useSetPassword, useWaysIn } from './use-identities.ts';

/** The accounts elsewhere with which the person can sign in, and the buttons that link one more. */
export function IdentityList() {
  const { t } = useTranslation();
  const { data: ways, error, isPending, refetch } = useWaysIn();
  const providers = useProviders();
  return (
    <section {...useKeptFocus<HTMLElement>()} className="panel" aria-label={t('identities.title')}>
      <FaultNotice error={error} onRetry={() => void refetch()} />
      {isPending && <p className="soft">{t('page.loading')}</p>}
      {ways !== undefined && (
        <>
          {ways.identities.length === 0 && <p className="soft">{t('identities.empty')}</p>}
          {ways.identities.length > 0 && (
            <ul className="rows">
              {ways.identities.map((identity) => (
                <IdentityRow key={identity.id} identity={identity} hasPassword={ways.has_password} />
              ))}
            </ul>
          )}
          <div className="form-foot">
            {providers.map((provider) => (
              <LinkButton key={provider.id} provider={provider} hasPassword={ways.has_password} />
            ))}
            {!ways.has_password && <PasswordButton />}
          </div>
        </>
      )}
    </section>
  );
}

function LinkButton({ provider, hasPassword }: { provider: Provider; hasPassword: boolean }) {
  const { t } = useTranslation();
  const link = useLink(provider.id);
  const [isAsking, setAsking] = useState(false);
  const { name } = provider;
  return (
    <>
      <Button
        look="small"
        onPress={() => {
          link.reset();
          setAsking(true);
        }}
      >
        {t('identities.link', { name })}
      </Button>
      {isAsking && (
        <ProofDialog
          title={t('identities.link', { name })}
          text={t('identities.linkText', { name })}
          confirm={t('identities.leave')}
          password={hasPassword ? 'current' : null}
          action={link}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function PasswordButton() {
  const { t } = useTranslation();
  const setPassword = useSetPassword();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button
        look="small"
        onPress={() => {
          setPassword.reset();
          setAsking(true);
        }}
      >
        {t('identities.setPassword')}
      </Button>
      {isAsking && (
        <ProofDialog
          title={t('identities.setPassword')}
          text={t('identities.setPasswordText')}
          confirm={t('identities.setPassword')}
          password="new"
          action={setPassword}
          onClose={() => setAsking(false)}
          onDone={() => tell(t('identities.passwordSet'))}
        />
      )}
    </>
  );
}
