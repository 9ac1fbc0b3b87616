import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { faultOf } from '../services/fault.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { TextField } from '../ui/text-field.tsx';
import { useAccount } from './people.ts';
import { SignInElsewhere } from './sign-in-elsewhere.tsx';
import type { Proof } from './use-identities.ts';

export type ProofDialogProps = {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly confirm: string;
  /** The password to type; null for an account that has none. */
  readonly password: 'current' | 'new' | null;
  /** A mutation. */
  readonly action: {
    readonly error: unknown;
    readonly isPending: boolean;
    readonly mutateAsync: (proof: Proof) => Promise<unknown>;
  };
  readonly onClose: () => void;
  readonly onDone?: () => void;
};

/** Asks for the password before a change of how the person can sign in, or that they sign in elsewhere once more. */
export function ProofDialog({ title, text, confirm, password, action, onClose, onDone }: ProofDialogProps) {
  const { t } = useTranslation();
  const { data: account } = useAccount();
  const [typed, setTyped] = useState('');
  const isTooOld = action.error !== null && faultOf(action.error, []).kind === 'sign_in_too_old';

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (action.isPending) return;
    action.mutateAsync(password === null ? {} : { password: typed }).then(
      () => {
        // By now what opened the dialog may be gone.
        onDone?.();
        onClose();
      },
      () => setTyped(''),
    );
  }

  if (isTooOld) {
    return (
      <Dialog title={title} onClose={onClose}>
        <p>{t('identities.signInFirst')}</p>
        <SignInElsewhere onCancel={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <p>{text}</p>
        <FaultNotice error={action.error} />
        {password !== null && (
          <>
            {/* Tells password managers which account the password is for. */}
            <input hidden readOnly autoComplete="username" value={account?.username ?? ''} />
            <TextField
              label={password === 'new' ? t('identities.newPassword') : t('people.password')}
              {...(password === 'new' && { hint: t('people.passwordHint') })}
              type="password"
              autoComplete={`${password}-password`}
              value={typed}
              onChange={setTyped}
              isRequired
              autoFocus
            />
          </>
        )}
        <div className="form-foot">
          <Button type="submit" look="primary" isPending={action.isPending}>
            {confirm}
          </Button>
          <Button onPress={onClose}>{t('page.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
