import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Permissions } from '../../../src/demo/api.ts';
import { useAccount } from '../../people/people.ts';
import { session } from '../../session/session.ts';
import { useSession } from '../../session/use-session.ts';
import { Switch } from '../../ui/switch.tsx';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { useDemoPerson } from '../person/demo-person.ts';
import { verdictsOnSession } from '../probes.ts';
import { StopwatchTable, VerdictTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';
import { NeedsSession } from './needs-session.tsx';

/** Gives and takes permissions of the person who is signed in, as the administrator. */
export function PermissionsPanel() {
  const { t } = useTranslation('demo');
  const { data: account } = useAccount();
  const person = useDemoPerson();
  const username = account?.username ?? person?.username;
  return (
    <>
      <p className="demo-about">
        {username === undefined ? t('permissions.about_anybody') : t('permissions.about', { username })}
      </p>
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
  const queries = useQueryClient();
  const queryKey = ['demo', 'state', 'permissions', subject];
  const permissions = useQuery({ queryKey, queryFn: demoApi.permissions });
  const change = useAction({
    work: async ({ scope, isOn }: { scope: string; isOn: boolean }) => {
      // Another tab may have changed them since this panel read them.
      const others = grantedOf(await demoApi.permissions()).filter((name) => name !== scope);
      const scopes = isOn ? [...others, scope] : others;
      const { stopwatch, ...changed } = await demoApi.changePermissions(scopes);
      queries.setQueryData(queryKey, changed);
      // The page's token is revoked now. The next one has the remaining permissions.
      await session.refresh();
      return { stopwatch, now: await verdictsOnSession(scope) };
    },
    say: ({ stopwatch }) => t('permissions.done', { summary: summary(stopwatch) }),
  });
  if (permissions.data === undefined)
    return <ActionState action={{ isPending: permissions.isPending, error: permissions.error }} />;
  const { username, roles, scopes } = permissions.data;

  return (
    <>
      <fieldset className="demo-switches">
        <legend>{t('permissions.switches', { username })}</legend>
        {scopes.map(({ scope, granted: isGranted }) => (
          <Switch
            key={scope}
            isSelected={isGranted}
            isDisabled={change.isPending}
            onChange={(isOn) => change.mutate({ scope, isOn })}
          >
            <code>{scope}</code>
          </Switch>
        ))}
      </fieldset>
      <p className="demo-about">
        {t('permissions.by_roles', { roles: roles.join(', ') || t('permissions.no_roles') })}
      </p>
      <ActionState action={change} />
      {change.data && (
        <div className="demo-results">
          <StopwatchTable stopwatch={change.data.stopwatch} />
          <div>
            <p className="demo-about">{t('permissions.went_on')}</p>
            <VerdictTable verdicts={change.data.now} caption={t('permissions.refreshed')} />
          </div>
        </div>
      )}
    </>
  );
}

function grantedOf({ scopes }: Permissions): readonly string[] {
  return scopes.flatMap(({ scope, granted }) => (granted ? [scope] : []));
}
