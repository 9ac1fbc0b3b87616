import { useTranslation } from 'react-i18next';
import { useSession } from '../session/use-session.ts';
import { tell } from '../ui/toasts.tsx';

/** Runs an action if somebody is signed in. Otherwise says so, and moves the focus to the sign-in. */
export function useRequireSignIn(): (deed: () => void) => void {
  const { t } = useTranslation();
  const { status } = useSession();
  return (deed) => {
    if (status === 'signed_in') return deed();
    tell(t('people.required'));
    document.getElementById('people-heading')?.focus();
  };
}
