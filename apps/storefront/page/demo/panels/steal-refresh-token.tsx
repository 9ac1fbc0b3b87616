import { useTranslation } from 'react-i18next';
import type { RefreshTokenTheft } from '../../../src/demo/api.ts';
import { useFormats } from '../../i18n/format.ts';
import { session } from '../../session/session.ts';
import { useIsBound, useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { useReason } from '../reason.ts';
import { Scroll } from '../scroll.tsx';
import { StopwatchTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import type { Thefts } from './thefts.ts';

/** auth-service's first generation (apps/auth-service/src/sessions/session-store.ts). */
const firstGeneration = 100_000;

type RefreshTokenTheftProps = { readonly onOutcome: (isBound: boolean, theft: Thefts) => void };

/** Uses the refresh token as a thief. The owner's replaced token then reveals the theft; a bound one is of no use. */
export function RefreshTokenTheftPart({ onOutcome }: RefreshTokenTheftProps) {
  const { t } = useTranslation('demo');
  const summary = useSummary();
  const { number } = useFormats();
  const isSignedIn = useSession().status === 'signed_in';
  const isBound = useIsBound();
  const steal = useAction({
    work: async () => {
      const { steps: tried, stopwatch } = await demoApi.stealRefreshToken();
      const isInVain = tried.every(({ status }) => status >= 400);
      const state = await session.refresh().catch(() => null);
      const isOwnerIn = isInVain && state?.status === 'signed_in';
      const steps = isOwnerIn ? [...tried, ownerGoesOn(tried)] : tried;
      onOutcome(isInVain, { refresh: steps });
      return { steps, stopwatch, isOwnerIn };
    },
    say: ({ stopwatch, isOwnerIn }) => (isOwnerIn ? t('thief.refresh_stays') : summary(stopwatch)),
  });
  return (
    <section className="demo-part" aria-labelledby="refresh-theft-title">
      <h3 id="refresh-theft-title">{t('thief.refresh_title')}</h3>
      <p className="demo-about">{t(isBound ? 'thief.refresh_about_bound' : 'thief.refresh_about')}</p>
      <div className="demo-actions">
        <Button data-kind="danger" isDisabled={!isSignedIn || steal.isPending} onPress={() => steal.mutate()}>
          {t('thief.refresh_do')}
        </Button>
      </div>
      <ActionState action={steal} />
      {steal.data && (
        <>
          <Steps steps={steal.data.steps} />
          <p className="demo-about">{t('thief.generation_note', { first: number(firstGeneration) })}</p>
          {steal.data.isOwnerIn && <p className="demo-note">{t('thief.refresh_stays')}</p>}
          {steal.data.stopwatch.length > 0 && <StopwatchTable stopwatch={steal.data.stopwatch} />}
        </>
      )}
    </section>
  );
}

/** The owner's own refresh, which this page has made: with the same refresh token, and with its key. */
function ownerGoesOn([stolen]: RefreshTokenTheft['steps']): RefreshTokenTheft['steps'][number] {
  return { who: 'owner', generation: stolen?.generation ?? 0, status: 200, code: null, reason: null };
}

function Steps({ steps }: Pick<RefreshTokenTheft, 'steps'>) {
  const { t } = useTranslation('demo');
  const { number } = useFormats();
  const reasonText = useReason();
  return (
    <Scroll>
      <table className="demo-table">
        <caption>{t('thief.steps')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('thief.who')}</th>
            <th scope="col">{t('thief.generation')}</th>
            <th scope="col">{t('thief.answer')}</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ who, generation, status, code, reason }, index) => (
            <tr key={index}>
              <th scope="row">{t(`thief.whos.${who}`)}</th>
              <td className="demo-elapsed">{number(generation)}</td>
              <td>
                <VerdictBadge status={status} />{' '}
                <span className="demo-why">{reason === null ? code : reasonText(reason)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
