import type { SessionState } from '@latchkey/auth-browser';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../i18n/format.ts';
import { knownAuthTime } from '../session/auth-time.ts';
import { session } from '../session/session.ts';
import { signOut as endSession } from '../session/sign-out.ts';
import { Button } from '../ui/button.tsx';
import { tell, tellFault } from '../ui/toasts.tsx';
import { Avatar } from './avatar.tsx';
import { Consents } from './consents.tsx';
import { useAccount } from './people.ts';
import { WaysIn } from './ways-in.tsx';

type SignedIn = Extract<SessionState, { status: 'signed_in' }>;

/**
 * The person who is signed in: their permissions, what they allowed applications, how they sign in, and the sign-out
 * buttons.
 */
export function AccountCard({ state }: { state: SignedIn }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { data: account } = useAccount();
  const signOut = useMutation({
    mutationFn: (everywhere: boolean) => endSession({ everywhere }),
    onSuccess: () => tell(t('people.signedOut')),
    // A failed sign-out stays visible, so that nobody leaves in the belief that they are signed out.
    onError: (error) =>
      session.state().status === 'signed_in' ? tellFault(error, t('people.stillSignedIn')) : tellFault(error),
  });
  const authTime = knownAuthTime(state);
  // Without auth-service's answer, the page knows only the opaque id in the token.
  const name = account?.username ?? state.subject.slice(0, 8);

  return (
    <div className="account">
      <div className="account-head">
        <Avatar name={name} />
        <p className="account-name">
          <strong>{t('people.hello', { name })}</strong>
          {authTime !== null && (
            <span className="soft">{t('people.signedInAt', { time: time(authTime) })}</span>
          )}
        </p>
      </div>
      <details className="permissions">
        <summary>{t('people.permissions', { total: state.scopes.length })}</summary>
        {state.scopes.length === 0 && <p className="soft">{t('people.noPermissions')}</p>}
        <ul className="chips">
          {state.scopes.map((scope) => (
            <li key={scope} className="chip" data-lane={scope.split(':', 1)[0]}>
              {scope}
            </li>
          ))}
        </ul>
      </details>
      <Consents />
      <WaysIn />
      <div className="form-foot">
        <Button look="small" isPending={signOut.isPending} onPress={() => signOut.mutate(false)}>
          {t('people.signOut')}
        </Button>
        <Button look="small" isDisabled={signOut.isPending} onPress={() => signOut.mutate(true)}>
          {t('people.signOutEverywhere')}
        </Button>
      </div>
    </div>
  );
}
