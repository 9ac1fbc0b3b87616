import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/use-session.ts';

/** Shows its children only to a person who is signed in; otherwise a text that asks for the sign-in. */
export function NeedsSession({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  return isSignedIn ? children : <p className="demo-about">{t('common.need_session')}</p>;
}
