import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/use-session.ts';

/** For what takes a token: says so while there is none. */
export function NeedsSession({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  return isSignedIn ? children : <p className="demo-about">{t('common.need_session')}</p>;
}
