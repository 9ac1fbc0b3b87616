import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useRestore } from '../session/use-restore.ts';
import { useSession } from '../session/use-session.ts';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { AccountCard } from './account-card.tsx';
import { EndedNotice } from './ended-notice.tsx';
import { LinkNotice } from './link-notice.tsx';
import { SignInForm } from './sign-in-form.tsx';

/** The sign-in form, or the account of the person who is signed in. */
export function PeopleSection() {
  const { t } = useTranslation();
  const state = useSession();
  const restore = useRestore();
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(state.status);

  // Signing in or out removes the element that had the focus, so the focus moves to its replacement.
  useEffect(() => {
    const changed = before.current !== state.status && before.current !== 'restoring';
    before.current = state.status;
    const isFocusLost = document.activeElement === null || document.activeElement === document.body;
    if (changed && isFocusLost) heading.current?.focus();
  }, [state.status]);

  return (
    <section className="card people-section" aria-labelledby="people-heading">
      <h2 id="people-heading" ref={heading} tabIndex={-1}>
        {state.status === 'signed_in' ? t('people.signedInAs') : t('people.signIn')}
      </h2>
      <LinkNotice />
      {state.status === 'restoring' && (
        <>
          <p className="soft">{t('people.restoring')}</p>
          <FaultNotice error={restore.error} onRetry={restore.retry} />
        </>
      )}
      {state.status === 'signed_out' && (
        <>
          <EndedNotice reason={state.reason} />
          <SignInForm />
        </>
      )}
      {state.status === 'signed_in' && <AccountCard state={state} />}
    </section>
  );
}
