import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useInvalidate } from '../../services/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { useDemoPerson, useIsStranger } from '../person/demo-person.ts';
import { StopwatchTable, VerdictTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { NeedsSession } from './needs-session.tsx';

/** Shares what the person may do with gift-ideas, an application of somebody else, and withdraws it. */
export function SharingPanel() {
  const { t } = useTranslation('demo');
  const { data } = useQuery({ queryKey: ['demo', 'sharing'], queryFn: demoApi.sharing });
  return (
    <>
      <p className="demo-about">{t('sharing.about')}</p>
      {data?.url && (
        <p>
          <a href={data.url} target="_blank" rel="noreferrer">
            {t('sharing.open')}
          </a>
        </p>
      )}
      <NeedsSession>
        <SharingPart />
      </NeedsSession>
    </>
  );
}

function SharingPart() {
  const { t } = useTranslation('demo');
  const summary = useSummary();
  const invalidate = useInvalidate();
  const username = useDemoPerson()?.username ?? null;
  const isStranger = useIsStranger();
  const share = useAction({
    // The account lists what a person shares.
    work: () => demoApi.share(username ?? '').finally(() => void invalidate('consents')),
    say: ({ verdicts }) => verdicts.map(({ service, status }) => `${service} ${status}`).join(', '),
  });
  const withdraw = useAction({
    work: () => demoApi.withdraw(username ?? '').finally(() => void invalidate('consents')),
    say: ({ stopwatch }) => summary(stopwatch),
  });
  return (
    <>
      <div className="demo-actions">
        <Button
          look="primary"
          isDisabled={username === null || share.isPending}
          onPress={() => {
            withdraw.reset();
            share.mutate();
          }}
        >
          {t('sharing.share')}
        </Button>
        <Button
          data-kind="danger"
          isDisabled={share.data === undefined || withdraw.data !== undefined || withdraw.isPending}
          onPress={() => withdraw.mutate()}
        >
          {t('sharing.withdraw')}
        </Button>
      </div>
      {isStranger && <p className="demo-about">{t('common.stranger')}</p>}
      <ActionState action={share} />
      <ActionState action={withdraw} />
      {share.data && !withdraw.data && (
        <>
          <p>
            {t('sharing.scope')} <code>{share.data.scope ?? '?'}</code>
          </p>
          <VerdictTable verdicts={share.data.verdicts} caption={t('sharing.verdicts')} />
        </>
      )}
      {withdraw.data && <StopwatchTable stopwatch={withdraw.data.stopwatch} />}
    </>
  );
}
