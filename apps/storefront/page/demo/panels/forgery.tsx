import { useTranslation } from 'react-i18next';
import { session } from '../../session/session.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { verdictsOnToken } from '../probes.ts';
import { VerdictTable } from '../stopwatch/stopwatch-table.tsx';
import { type Forgery, forge } from './forgeries.ts';

const edits = ['refund', 'other', 'forever'] as const;

/** Sends tokens that the page has changed to three services. */
export function ForgeryPart() {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  const send = useAction({
    work: async (forgery: Forgery) => {
      const state = session.state();
      if (state.status !== 'signed_in') throw new TypeError('nobody is signed in');
      const { token, lie } = forge(state.accessToken, forgery);
      return { lie, verdicts: await verdictsOnToken(token) };
    },
    say: ({ verdicts }) =>
      t('thief.done', { summary: verdicts.map(({ service, status }) => `${service} ${status}`).join(', ') }),
  });
  const button = (forgery: Forgery, text: string) => (
    <Button
      key={forgery}
      data-kind="danger"
      isDisabled={!isSignedIn || send.isPending}
      onPress={() => send.mutate(forgery)}
    >
      {text}
    </Button>
  );
  return (
    <section className="demo-part" aria-labelledby="forgery-title">
      <h3 id="forgery-title">{t('thief.edit_title')}</h3>
      <p className="demo-about">{t('thief.edit_about')}</p>
      <div className="demo-actions">{edits.map((edit) => button(edit, t(`thief.edits.${edit}`)))}</div>
      <h3>{t('thief.none_title')}</h3>
      <p className="demo-about">{t('thief.none_about')}</p>
      <div className="demo-actions">{button('none', t('thief.none_do'))}</div>
      <ActionState action={send} />
      {send.data && (
        <>
          <p className="demo-forged">
            {t('thief.forged')} <code>{t('thief.forged_claim', send.data.lie)}</code>
          </p>
          <VerdictTable verdicts={send.data.verdicts} caption={t('thief.asked')} />
        </>
      )}
    </section>
  );
}
