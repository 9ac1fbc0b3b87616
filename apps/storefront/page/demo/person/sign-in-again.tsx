import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { DemoPerson } from '../../../src/demo/api.ts';
import { session } from '../../session/session.ts';
import { wasSignedOutHere } from '../../session/sign-out.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { useKeptFocus } from '../../ui/use-kept-focus.ts';
import { codeOf } from '../action.tsx';
import { useAnnounce } from '../announcer.tsx';
import { useReason } from '../reason.ts';
import { useDemoPerson } from './demo-person.ts';

/** Signs in again as the same person with one click, after an action that ended the session. */
export function SignInAgain() {
  const state = useSession();
  const person = useDemoPerson();
  // A person who has not signed in yet starts in the shop.
  const isWanted = state.status === 'signed_out' && person !== null;
  return (
    <div {...useKeptFocus<HTMLDivElement>()} className="demo-again">
      {isWanted && <Offer person={person} reason={state.reason} />}
    </div>
  );
}

type OfferProps = { readonly person: DemoPerson; readonly reason: string | null };

function Offer({ person, reason }: OfferProps) {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  const reasonText = useReason();
  const signIn = useMutation({
    mutationFn: ({ username, password }: DemoPerson) => session.signIn({ username, password }),
    onSuccess: (_, { username }) => announce(t('common.signed_in_again', { username })),
  });
  return (
    <section className="demo-signed-out" aria-label={t('common.signed_out')}>
      <p>
        {reason === null || reason === 'sign_out' || wasSignedOutHere()
          ? t('common.signed_out')
          : t('common.signed_out_because', { reason: reasonText(reason) })}
      </p>
      <Button look="primary" isPending={signIn.isPending} onPress={() => signIn.mutate(person)}>
        {t('common.sign_in_again', { username: person.username })}
      </Button>
      {signIn.isError && <p className="demo-fault">{t('common.failed', { code: codeOf(signIn.error) })}</p>}
    </section>
  );
}
