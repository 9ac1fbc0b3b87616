import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { config } from '../../config.ts';
import { useFormats } from '../../i18n/format.ts';
import { useAccount } from '../../people/people.ts';
import { SignInElsewhere } from '../../people/sign-in-elsewhere.tsx';
import { useWaysIn } from '../../people/use-identities.ts';
import { useLeave } from '../../people/use-leave.ts';
import { session } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FaultNotice } from '../../ui/fault-notice.tsx';
import { TextField } from '../../ui/text-field.tsx';

export type StepUpDialogProps = {
  /** The maximum age of the sign-in; null when the service did not say. */
  readonly maxAgeSeconds: number | null;
  readonly onClose: () => void;
  readonly onConfirmed: () => void;
};

/** Asks for the password once more (RFC 9470), or for a new sign-in at the provider where the person has no password. */
export function StepUpDialog(props: StepUpDialogProps) {
  const { t } = useTranslation();
  const { data: ways, isPending } = useWaysIn();
  const { onClose } = props;
  return (
    <Dialog title={t('stepUp.title')} onClose={onClose}>
      {isPending ? (
        <p className="soft">{t('page.loading')}</p>
      ) : ways?.has_password === false ? (
        <>
          <p>{t('stepUp.provider')}</p>
          <SignInElsewhere isStrict onCancel={onClose} />
        </>
      ) : (
        // Also where it cannot be known whether there is a password.
        <PasswordForm {...props} />
      )}
    </Dialog>
  );
}

/** Here, or at auth-service's page. */
function PasswordForm({ maxAgeSeconds, onClose, onConfirmed }: StepUpDialogProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { data: account } = useAccount();
  const [password, setPassword] = useState('');
  const confirm = useMutation({
    mutationFn: (typed: string) => session.reauthenticate(typed),
    onError: () => setPassword(''),
  });
  const leave = useLeave();
  const isElsewhere = config.sign_in === 'code';
  const seconds = maxAgeSeconds ?? 300;
  const textHere =
    seconds % 60 === 0
      ? t('stepUp.text', { minutes: number(seconds / 60) })
      : t('stepUp.textShort', { seconds: number(seconds) });
  const username = account?.username ?? '';

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (isElsewhere) leave.mutate({ loginHint: username, maxAgeSeconds: 0 });
    // Not called after the dialog was closed: cancelling pays nothing.
    else if (!confirm.isPending) confirm.mutate(password, { onSuccess: onConfirmed });
  }

  return (
    <form className="form" onSubmit={submit}>
      <p>{isElsewhere ? t('stepUp.elsewhere') : textHere}</p>
      <FaultNotice error={confirm.error ?? leave.error} />
      {!isElsewhere && (
        <>
          {/* Tells password managers which account the password is for. */}
          <input hidden readOnly autoComplete="username" value={username} />
          <TextField
            label={t('people.password')}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
            isRequired
            autoFocus
          />
        </>
      )}
      <div className="form-foot">
        <Button type="submit" look="primary" isPending={confirm.isPending || leave.isPending}>
          {isElsewhere ? t('stepUp.leave') : t('stepUp.confirm')}
        </Button>
        <Button onPress={onClose}>{t('page.cancel')}</Button>
      </div>
    </form>
  );
}
