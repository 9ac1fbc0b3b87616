import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useDemoPeople } from '../../people/people.ts';
import { session } from '../../session/session.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState } from '../action.tsx';

const things = ['sign_in', 'pay', 'theft'] as const;

/** Shown before the first request: what to try first. */
export function NoRequest() {
  const { t } = useTranslation('demo');
  const { status } = useSession();
  return (
    <>
      <p>
        <strong>{t(status === 'signed_out' ? 'lanes.nobody' : 'lanes.empty')}</strong>
      </p>
      {status === 'signed_out' && <Start />}
      <p>{t('lanes.try_title')}</p>
      <ol className="lanes-things">
        {things.map((thing) => (
          <li key={thing}>{t(`lanes.try_${thing}`)}</li>
        ))}
      </ol>
    </>
  );
}

/** A sign-in button, because on a phone the demo accounts are in the other part of the page. */
function Start() {
  const { t } = useTranslation('demo');
  const { data: people = [] } = useDemoPeople();
  const mina = people.find(({ username }) => username === 'mina');
  const signIn = useMutation({ mutationFn: session.signIn });
  if (mina === undefined) return null;
  const { username, password } = mina;
  return (
    <>
      <Button
        look="primary"
        isPending={signIn.isPending}
        onPress={() => signIn.mutate({ username, password })}
      >
        {t('lanes.start', { username })}
      </Button>
      <ActionState action={{ isPending: false, error: signIn.error }} />
    </>
  );
}
