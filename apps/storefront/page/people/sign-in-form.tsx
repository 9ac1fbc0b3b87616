import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { config } from '../config.ts';
import { signInFault } from '../session/sign-in-answer.ts';
import { Button } from '../ui/button.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { TextField } from '../ui/text-field.tsx';
import { tell } from '../ui/toasts.tsx';
import { DemoPeopleList } from './demo-people.tsx';
import { ProviderButtons } from './provider-buttons.tsx';
import { useProviders } from './providers.ts';
import { useLeave } from './use-leave.ts';
import { useSignIn } from './use-sign-in.ts';

/**
 * Signs in: with one press for a demo account, else at auth-service's page, or with user name and password, or at a
 * provider. Also registers new accounts.
 */
export function SignInForm() {
  const { t } = useTranslation();
  const signIn = useSignIn();
  const leave = useLeave();
  const [isNew, setNew] = useState(false);
  const isElsewhere = config.sign_in === 'code' && !isNew;
  const isFresh = signIn.isIdle && leave.isIdle;
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (isElsewhere) {
      leave.mutate({});
      return;
    }
    // The account exists from here on, even if signing in then fails.
    const onRegistered = () => setNew(false);
    signIn.mutateAsync({ username, password, ...(isNew && { onRegistered }) }).then(
      () => isNew && tell(t('people.registered')),
      () => setPassword(''),
    );
  }

  return (
    <>
      <DemoPeopleList isPending={signIn.isPending} onChoose={(person) => signIn.mutate(person)} />
      <FaultNotice
        error={isFresh ? signInFault() : (signIn.error ?? leave.error)}
        refusedTitle={isNew ? t('people.registerFailed') : t('people.signInFailed')}
      />
      <form className="form" onSubmit={submit}>
        {isElsewhere ? (
          <p className="soft">{t('people.elsewhere')}</p>
        ) : (
          <div className="field-row">
            <TextField
              label={t('people.username')}
              {...(isNew && { hint: t('people.usernameHint') })}
              name="username"
              autoComplete="username"
              value={username}
              onChange={setUsername}
              isRequired
            />
            <TextField
              label={t('people.password')}
              {...(isNew && { hint: t('people.passwordHint') })}
              type="password"
              name="password"
              autoComplete={isNew ? 'new-password' : 'current-password'}
              value={password}
              onChange={setPassword}
              isRequired
            />
          </div>
        )}
        <div className="form-foot">
          <Button type="submit" look="primary" isPending={signIn.isPending || leave.isPending}>
            {isNew ? t('people.register') : t('people.signIn')}
          </Button>
          <Button onPress={() => setNew(!isNew)}>
            {isNew ? t('people.knownHere') : t('people.newHere')}
          </Button>
        </div>
      </form>
      <ElsewhereButtons />
    </>
  );
}

/** Below the form, so that nothing moves when the providers become known. */
function ElsewhereButtons() {
  const { t } = useTranslation();
  const providers = useProviders();
  if (providers.length === 0) return null;
  return (
    <>
      <p className="divider">{t('people.orElsewhere')}</p>
      <ProviderButtons providers={providers} />
    </>
  );
}
