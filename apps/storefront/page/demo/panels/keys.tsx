import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { session } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Switch } from '../../ui/switch.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { StopwatchTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { useCountdown } from './countdown.ts';
import { KeyTable } from './key-table.tsx';
import { NeedsSession } from './needs-session.tsx';
import { useTokenKeyId } from './token-key.ts';
import { useLoad } from './use-load.ts';

const LoadChart = lazy(async () => ({ default: (await import('./load-chart.tsx')).LoadChart }));

/** Rotates signing keys under traffic, or revokes one. */
export function KeysPanel() {
  const { t } = useTranslation('demo');
  return (
    <>
      <p className="demo-about">{t('keys.about')}</p>
      <NeedsSession>
        <TrafficPart />
        <KeysPart />
      </NeedsSession>
    </>
  );
}

function TrafficPart() {
  const { t } = useTranslation('demo');
  const [isOn, setOn] = useState(false);
  const count = useLoad(isOn);
  const { requests, errors, recovered } = count;
  const names = useMemo(() => ({ requests: t('keys.requests'), errors: t('keys.errors') }), [t]);
  return (
    <>
      <Switch isSelected={isOn} onChange={setOn}>
        {t('keys.traffic')}
      </Switch>
      <dl className="demo-counters">
        <div data-verdict="passed">
          <dt>{t('keys.requests')}</dt>
          <dd>{requests}</dd>
        </div>
        <div data-verdict="turned_down">
          <dt>{t('keys.recovered')}</dt>
          <dd>{recovered}</dd>
        </div>
        <div data-verdict={errors === 0 ? 'passed' : 'failed'}>
          <dt>{t('keys.errors')}</dt>
          <dd>{errors}</dd>
        </div>
      </dl>
      <p className="demo-about">{t('keys.chart')}</p>
      <Suspense fallback={<div className="load-chart" />}>
        <LoadChart count={count} names={names} summary={t('keys.chart_summary', { requests, errors })} />
      </Suspense>
    </>
  );
}

function KeysPart() {
  const { t } = useTranslation('demo');
  const summary = useSummary();
  const queries = useQueryClient();
  const queryKey = ['demo', 'state', 'keys'];
  const keys = useQuery({ queryKey, queryFn: demoApi.keys, refetchInterval: 5000 });
  const rotate = useAction({
    work: async () => queries.setQueryData(queryKey, await demoApi.rotateKeys()),
    say: () => t('keys.rotated'),
  });
  const revoke = useAction({
    work: async (kid: string) => {
      const { stopwatch, ...rest } = await demoApi.revokeKey(kid);
      queries.setQueryData(queryKey, rest);
      await session.refresh();
      return stopwatch;
    },
    say: (stopwatch) => t('keys.killed', { summary: summary(stopwatch) }),
  });
  const list = keys.data?.keys ?? [];
  const kid = useTokenKeyId();
  const next = list.find(({ state }) => state === 'next');
  const waitSeconds = useCountdown(next?.may_sign_at ?? null);

  return (
    <section className="demo-part">
      <KeyTable keys={list} />
      <div className="demo-actions">
        <Button
          look="primary"
          isDisabled={next === undefined || waitSeconds > 0 || rotate.isPending}
          onPress={() => rotate.mutate()}
        >
          {waitSeconds > 0 ? t('keys.rotate_in', { seconds: waitSeconds }) : t('keys.rotate')}
        </Button>
        <Button
          data-kind="danger"
          isDisabled={kid === null || revoke.isPending}
          onPress={() => kid !== null && revoke.mutate(kid)}
        >
          {t('keys.kill')}
        </Button>
      </div>
      {waitSeconds > 0 && <p className="demo-about">{t('keys.rotate_why')}</p>}
      <ActionState action={{ isPending: keys.isPending, error: keys.error }} />
      <ActionState action={rotate} />
      <ActionState action={revoke} />
      {rotate.isSuccess && <p className="demo-note">{t('keys.rotated')}</p>}
      {revoke.data && (
        <>
          <StopwatchTable stopwatch={revoke.data} />
          <p className="demo-note">{t('keys.recovers')}</p>
        </>
      )}
    </section>
  );
}
