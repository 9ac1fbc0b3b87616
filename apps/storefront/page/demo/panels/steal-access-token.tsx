import { useTranslation } from 'react-i18next';
import { session } from '../../session/session.ts';
import { asOwnEnd } from '../../session/sign-out.ts';
import { useIsBound, useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { StopwatchTable, VerdictTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { decodeToken } from '../token/token.ts';
import type { Thefts } from './thefts.ts';

type AccessTokenTheftProps = { readonly onOutcome: (isBound: boolean, theft: Thefts) => void };

/** Uses the access token as a thief, until its owner signs out; a bound one in vain. */
export function AccessTokenTheftPart({ onOutcome }: AccessTokenTheftProps) {
  const { t } = useTranslation('demo');
  const summary = useSummary();
  const isSignedIn = useSession().status === 'signed_in';
  const isBound = useIsBound();
  const use = useAction({
    work: async () => {
      const state = session.state();
      const { verdicts } = await demoApi.tryStolenAccessToken();
      const confirmation = state.status === 'signed_in' && decodeToken(state.accessToken)?.claims['cnf'];
      onOutcome(Boolean(confirmation), { access: verdicts });
      return { verdicts, confirmation };
    },
    say: ({ verdicts }) =>
      t('thief.done', { summary: verdicts.map(({ service, status }) => `${service} ${status}`).join(', ') }),
  });
  const signOut = useAction({
    work: async () => {
      const timed = await asOwnEnd(() => demoApi.signOutRobbed());
      // The page notices, as any tab of the owner would.
      await session.refresh().catch(() => {});
      return timed;
    },
    say: ({ stopwatch }) => summary(stopwatch),
  });
  return (
    <section className="demo-part" aria-labelledby="access-theft-title">
      <h3 id="access-theft-title">{t('thief.access_title')}</h3>
      <p className="demo-about">{t(isBound ? 'thief.access_about_bound' : 'thief.access_about')}</p>
      <div className="demo-actions">
        <Button
          data-kind="danger"
          isDisabled={!isSignedIn || use.isPending}
          onPress={() => {
            signOut.reset();
            use.mutate();
          }}
        >
          {t('thief.access_do')}
        </Button>
        <Button
          look="primary"
          isDisabled={!isSignedIn || isBound || use.data === undefined || signOut.isPending}
          onPress={() => signOut.mutate()}
        >
          {t('thief.access_sign_out')}
        </Button>
      </div>
      <ActionState action={use} />
      <ActionState action={signOut} />
      {use.data && !signOut.data && (
        <>
          <VerdictTable verdicts={use.data.verdicts} caption={t('thief.access_used')} />
          {use.data.confirmation && (
            <p className="demo-forged">
              {t('thief.access_why')} <code>cnf: {JSON.stringify(use.data.confirmation)}</code>
            </p>
          )}
        </>
      )}
      {signOut.data && <StopwatchTable stopwatch={signOut.data.stopwatch} />}
    </section>
  );
}
