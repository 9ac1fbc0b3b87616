import { useTranslation } from 'react-i18next';
import { useSession } from '../session/use-session.ts';
import { tell } from '../ui/toasts.tsx';

/** Runs an action if somebody is signed in. Otherwise says so, and moves the focus to the sign-in. */
export function useRequireSignIn(): (action: () => void) => void {
  const { t } = useTranslation();
  const { status } = useSession();
  return (action) => {
    if (status === 'signed_in') return action();
    tell(t('people.required'));
    document.getElementById('people-heading')?.focus();
  };
}
