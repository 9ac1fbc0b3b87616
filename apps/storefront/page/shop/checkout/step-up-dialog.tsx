import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { useAccount } from '../../people/people.ts';
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

/** Asks for the password once more (RFC 9470). */
export function StepUpDialog({ maxAgeSeconds, onClose, onConfirmed }: StepUpDialogProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { data: account } = useAccount();
  const [password, setPassword] = useState('');
  const confirm = useMutation({
    mutationFn: (typed: string) => session.reauthenticate(typed),
    onError: () => setPassword(''),
  });
  const seconds = maxAgeSeconds ?? 300;
  const text =
    seconds % 60 === 0
      ? t('stepUp.text', { minutes: number(seconds / 60) })
      : t('stepUp.textShort', { seconds: number(seconds) });

  function submit(event: FormEvent): void {
    event.preventDefault();
    // Not called after the dialog was closed: cancelling pays nothing.
    if (!confirm.isPending) confirm.mutate(password, { onSuccess: onConfirmed });
  }

  return (
    <Dialog title={t('stepUp.title')} isOpen onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <p>{text}</p>
        {/* Tells password managers which account the password is for. */}
        <input hidden readOnly autoComplete="username" value={account?.username ?? ''} />
        <FaultNotice error={confirm.error} />
        <TextField
          label={t('people.password')}
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          isRequired
          autoFocus
        />
        <div className="form-foot">
          <Button type="submit" look="primary" isPending={confirm.isPending}>
            {t('stepUp.confirm')}
          </Button>
          <Button onPress={onClose}>{t('page.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
