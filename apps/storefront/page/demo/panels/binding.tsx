import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { chooseBinding, isBindingChosen } from '../binding.ts';

/** Says whether the session is bound to a key of this browser and what for, and changes it. */
export function BindingPart() {
  const { t } = useTranslation('demo');
  const state = useSession();
  const isBound = state.status === 'signed_in' ? state.isBound : isBindingChosen;
  // The page is loaded again, so there is nothing to announce.
  const change = useAction({ work: () => chooseBinding(!isBindingChosen), say: () => '' });
  return (
    <section className="demo-part" aria-labelledby="binding-title">
      <h3 id="binding-title">{t('binding.title')}</h3>
      <p>
        <span className="demo-badge" data-long data-verdict={isBound ? 'passed' : 'turned_down'}>
          {t(isBound ? 'binding.bound' : 'binding.unbound')}
        </span>
      </p>
      <p className="demo-about">{t(isBound ? 'binding.why_bound' : 'binding.why_unbound')}</p>
      <div className="demo-actions">
        <Button
          look="primary"
          isDisabled={state.status === 'restoring'}
          isPending={change.isPending}
          onPress={() => change.mutate()}
        >
          {t(isBindingChosen ? 'binding.unbind' : 'binding.bind')}
        </Button>
      </div>
      {state.status === 'signed_in' && <p className="demo-about">{t('binding.how')}</p>}
      <ActionState action={change} />
    </section>
  );
}
