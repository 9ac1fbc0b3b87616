import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../i18n/format.ts';
import { Button } from '../ui/button.tsx';
import { tell } from '../ui/toasts.tsx';
import { ProofDialog } from './proof-dialog.tsx';
import { useProviderName } from './providers.ts';
import { type Identity, useUnlink } from './use-identities.ts';

type IdentityRowProps = { readonly identity: Identity; readonly hasPassword: boolean };

/** An account elsewhere, and the button that unlinks it. */
export function IdentityRow({ identity, hasPassword }: IdentityRowProps) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const name = useProviderName()(identity.provider);
  const unlink = useUnlink(identity.id);
  const [isAsking, setAsking] = useState(false);
  return (
    <li className="row">
      <div className="row-text">
        <p className="row-title">
          <strong>{name}</strong>
          <time className="soft" dateTime={identity.linked_at}>
            {t('identities.linkedAt', { time: time(identity.linked_at) })}
          </time>
        </p>
        {identity.display_name !== null && <p className="soft">{identity.display_name}</p>}
        <div className="row-foot">
          <Button
            look="small"
            aria-label={t('identities.unlinkFrom', { name })}
            onPress={() => {
              unlink.reset();
              setAsking(true);
            }}
          >
            {t('identities.unlink')}
          </Button>
        </div>
      </div>
      {isAsking && (
        <ProofDialog
          title={t('identities.unlinkFrom', { name })}
          text={t('identities.unlinkText', { name })}
          confirm={t('identities.unlink')}
          password={hasPassword ? 'current' : null}
          action={unlink}
          onClose={() => setAsking(false)}
          onDone={() => tell(t('identities.unlinked', { name }))}
        />
      )}
    </li>
  );
}
