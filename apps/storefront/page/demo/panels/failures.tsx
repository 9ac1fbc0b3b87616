import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Failures } from '../../../src/demo/api.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { Scroll } from '../scroll.tsx';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import { attempts, meaningOf, type Outcomes, tryAll } from './attempts.ts';

const parts = ['auth-service', 'redis'] as const;

/** Stops parts of the system, and shows the other parts' answers. */
export function FailuresPanel() {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  const failures = useQuery({ queryKey: ['demo', 'state', 'failures'], queryFn: demoApi.failures });
  const change = useAction({
    work: async ({ part, stopped }: { part: (typeof parts)[number]; stopped: boolean }) => {
      await demoApi.setStopped(part, stopped);
      return { part, state: t(stopped ? 'failures.stopped' : 'failures.running') };
    },
    say: ({ part, state }) => t('failures.changed', { part: t(`failures.parts.${part}`), state }),
  });
  const { data } = failures;
  const stopped = data === undefined ? [] : parts.filter((part) => data.stopped[part]);
  return (
    <>
      <p className="demo-about">{t('failures.about')}</p>
      <ActionState action={{ isPending: failures.isPending, error: failures.error }} />
      {data?.available === false && <Commands />}
      {data?.available === true && (
        <ul className="demo-parts-list">
          {parts.map((part) => (
            <Part
              key={part}
              part={part}
              isStopped={data.stopped[part]}
              isBusy={change.isPending}
              onChange={(stopped) => change.mutate({ part, stopped })}
            />
          ))}
        </ul>
      )}
      <ActionState action={change} />
      {isSignedIn ? (
        <Answers stopped={stopped} />
      ) : (
        <p className="demo-about">{t('failures.signed_out_note')}</p>
      )}
    </>
  );
}

function hasClosed(outcomes: Outcomes | undefined): boolean {
  return outcomes !== undefined && Object.values(outcomes).some((outcome) => meaningOf(outcome) === 'closed');
}

type PartProps = {
  readonly part: keyof Failures['stopped'];
  readonly isStopped: boolean;
  readonly isBusy: boolean;
  readonly onChange: (stopped: boolean) => void;
};

function Part({ part, isStopped, isBusy, onChange }: PartProps) {
  const { t } = useTranslation('demo');
  const name = t(`failures.parts.${part}`);
  return (
    <li>
      <strong>{name}</strong>
      <span className="demo-badge" data-verdict={isStopped ? 'failed' : 'passed'}>
        {t(isStopped ? 'failures.stopped' : 'failures.running')}
      </span>
      <Button
        {...(isStopped ? { look: 'primary' as const } : { 'data-kind': 'danger' })}
        isDisabled={isBusy}
        onPress={() => onChange(!isStopped)}
      >
        {t(isStopped ? 'failures.start' : 'failures.stop', { part: name })}
      </Button>
    </li>
  );
}

function Answers({ stopped }: { readonly stopped: readonly string[] }) {
  const { t } = useTranslation('demo');
  const answers = useQuery({
    // Repeated after a stop or start, and until everything works again.
    queryKey: ['demo', 'state', 'attempts', ...stopped],
    queryFn: tryAll,
    refetchInterval: ({ state }) => (stopped.length > 0 || hasClosed(state.data) ? 2000 : false),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <>
      <Scroll>
        <table className="demo-table">
          <caption>{t('failures.asked')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('failures.action')}</th>
              <th scope="col">{t('failures.now')}</th>
              <th scope="col">{t('failures.meaning')}</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map((attempt) => {
              const outcome = answers.data?.[attempt];
              return (
                <tr key={attempt}>
                  <th scope="row">{t(`failures.attempts.${attempt}`)}</th>
                  <td>
                    <VerdictBadge status={outcome?.status ?? null} />{' '}
                    {outcome?.code && <code className="demo-why">{outcome.code}</code>}
                  </td>
                  <td>{t(`failures.meanings.${outcome === undefined ? 'asking' : meaningOf(outcome)}`)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <p className="demo-about">{t('failures.pay_note')}</p>
    </>
  );
}

/** The commands for a system whose parts the demo cannot stop. */
function Commands() {
  const { t } = useTranslation('demo');
  const commands = [
    'docker compose stop auth-service',
    'docker compose stop redis',
    'docker compose start auth-service redis',
  ];
  return (
    <>
      <p className="demo-about">{t('failures.unavailable')}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="demo-code" tabIndex={0}>
        <code>{commands.join('\n')}</code>
      </pre>
    </>
  );
}
