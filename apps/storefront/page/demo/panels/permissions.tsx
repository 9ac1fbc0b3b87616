import { useQuery } from '@tanstack/react-query';
import { Switch } from 'react-aria-components/Switch';
import { useTranslation } from 'react-i18next';
import type { Permissions } from '../../../src/demo/api.ts';
import { session } from '../../session/session.ts';
import { useSession } from '../../session/use-session.ts';
import { DeedState, useDeed } from '../deed.tsx';
import { demoApi } from '../demo-api.ts';
import { useDemoPerson } from '../person/demo-person.ts';
import { verdictsOnSession } from '../probes.ts';
import { StopwatchTable, VerdictTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { NeedsSession } from './needs-session.tsx';

/** Permissions of the person who is signed in, given and taken by the administrator. */
export function PermissionsPanel() {
  const { t } = useTranslation('demo');
  const person = useDemoPerson();
  return (
    <>
      <p className="demo-about">{t('permissions.about', { username: person?.username ?? '…' })}</p>
      <NeedsSession>
        <ScopeSwitches />
      </NeedsSession>
    </>
  );
}

function ScopeSwitches() {
  const { t } = useTranslation('demo');
  const state = useSession();
  const summary = useSummary();
  const subject = state.status === 'signed_in' ? state.subject : null;
  const permissions = useQuery({
    queryKey: ['demo', 'state', 'permissions', subject],
    queryFn: demoApi.permissions,
  });
  const change = useDeed({
    work: async (scopes: readonly string[]) => {
      const changed = await demoApi.changePermissions(scopes);
      // The token that the page holds is dead now; the next one carries what is left.
      await session.refresh();
      return { changed, now: await verdictsOnSession() };
    },
    say: ({ changed }) => t('permissions.done', { summary: summary(changed.stopwatch) }),
  });
  // Until the list is read again, what the change itself answered is newer.
  const shown: Permissions | undefined = change.data?.changed ?? permissions.data;
  if (shown === undefined)
    return <DeedState deed={{ isPending: permissions.isPending, error: permissions.error }} />;
  const { username, roles, scopes } = shown;
  const granted = scopes.filter((scope) => scope.granted).map(({ scope }) => scope);

  return (
    <>
      <fieldset className="demo-switches">
        <legend>{t('permissions.switches', { username })}</legend>
        {scopes.map(({ scope, granted: isGranted }) => (
          <Switch
            key={scope}
            className="demo-switch"
            isSelected={isGranted}
            isDisabled={change.isPending}
            onChange={(isOn) =>
              change.mutate(isOn ? [...granted, scope] : granted.filter((name) => name !== scope))
            }
          >
            <span className="demo-switch-track" aria-hidden="true" />
            <code>{scope}</code>
          </Switch>
        ))}
      </fieldset>
      <p className="demo-about">
        {t('permissions.by_roles', { roles: roles.join(', ') || t('permissions.no_roles') })}
      </p>
      <DeedState deed={change} />
      {change.data && (
        <div className="demo-results">
          <StopwatchTable stopwatch={change.data.changed.stopwatch} />
          <div>
            <p className="demo-about">{t('permissions.went_on')}</p>
            <VerdictTable verdicts={change.data.now} caption={t('permissions.refreshed')} />
          </div>
        </div>
      )}
    </>
  );
}
