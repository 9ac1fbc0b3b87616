import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { ask } from '../../services/ask.ts';
import { asOwnEnd } from '../../session/sign-out.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useKeptFocus } from '../../ui/use-kept-focus.ts';
import { ActionState, useAction } from '../action.tsx';
import { Scroll } from '../scroll.tsx';
import { NeedsSession } from './needs-session.tsx';
import { PhonesPart } from './phones.tsx';
import { RenameDevice } from './rename-device.tsx';

/** A session, as auth-service lists it. */
type Device = {
  readonly id: string;
  readonly client_id: string;
  readonly device_name: string;
  readonly last_used_at: string;
  /** Whether its tokens are worth nothing without a key of that device. */
  readonly bound: boolean;
  /** When its refresh token was last presented without that key. */
  readonly foreign_key_at?: string;
  readonly current: boolean;
};

/** The person's sessions, and buttons that end them. */
export function DevicesPanel() {
  const { t } = useTranslation('demo');
  return (
    <>
      <p className="demo-about">{t('devices.about')}</p>
      <NeedsSession>
        <DeviceList />
        <PhonesPart />
      </NeedsSession>
    </>
  );
}

function DeviceList() {
  const { t } = useTranslation('demo');
  const { time } = useFormats();
  const state = useSession();
  const sessionId = state.status === 'signed_in' ? state.sessionId : null;
  const [renaming, setRenaming] = useState<string | null>(null);
  const devices = useQuery({
    queryKey: ['demo', 'state', 'devices', sessionId],
    queryFn: async () => (await ask<{ sessions: Device[] }>('auth-service', '/sessions')).body.sessions,
  });
  const rename = useAction({
    work: async ({ id, name }: { id: string; name: string }) => {
      const question = { method: 'PATCH', body: { device_name: name } } as const;
      return (await ask<Device>('auth-service', `/sessions/${id}`, question)).body;
    },
    say: ({ device_name: device }) => t('devices.renamed', { device }),
  });
  const end = useAction({
    work: async (device: Device) => {
      const signOut = () => ask('auth-service', `/sessions/${device.id}`, { method: 'DELETE' });
      await (device.current ? asOwnEnd(signOut) : signOut());
      return device;
    },
    say: ({ device_name: device }) => t('devices.signed_out', { device }),
  });
  const endOthers = useAction({
    work: () => ask('auth-service', '/sessions?except=current', { method: 'DELETE' }),
    say: () => t('devices.others_signed_out'),
  });
  const list = devices.data ?? [];

  return (
    <section {...useKeptFocus<HTMLElement>()} className="demo-devices" aria-label={t('devices.list')}>
      {list.map(({ id, device_name: device, foreign_key_at: at }) =>
        at === undefined ? null : (
          <Notice key={id} tone="bad" title={t('devices.stolen')} isAlert>
            {t('devices.stolen_about', { device, time: time(at) })}
          </Notice>
        ),
      )}
      <Scroll>
        <table className="demo-table">
          <caption>{t('devices.list')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('devices.device')}</th>
              <th scope="col">{t('devices.application')}</th>
              <th scope="col">{t('devices.last_used')}</th>
              <th scope="col">{t('devices.actions')}</th>
            </tr>
          </thead>
          <tbody>
            {list.map((device) => (
              <tr key={device.id}>
                <th scope="row">
                  {renaming === device.id ? (
                    <RenameDevice
                      name={device.device_name}
                      onSave={(name) => rename.mutate({ id: device.id, name })}
                      onClose={() => setRenaming(null)}
                    />
                  ) : (
                    device.device_name
                  )}
                  {device.current && <span className="demo-mark">{t('devices.this_one')}</span>}
                  {device.bound && <span className="demo-mark">{t('devices.bound')}</span>}
                </th>
                <td>{device.client_id}</td>
                <td>{time(device.last_used_at)}</td>
                <td>
                  <div className="demo-actions">
                    <Button
                      aria-label={t('devices.rename_device', { device: device.device_name })}
                      onPress={() => setRenaming(device.id)}
                    >
                      {t('devices.rename')}
                    </Button>
                    <Button
                      data-kind="danger"
                      aria-label={t('devices.sign_out_device', { device: device.device_name })}
                      onPress={() => end.mutate(device)}
                    >
                      {t('devices.sign_out')}
                    </Button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <div className="demo-actions">
        <Button isDisabled={list.length < 2} onPress={() => endOthers.mutate()}>
          {t('devices.sign_out_others')}
        </Button>
      </div>
      {[devices, rename, end, endOthers].map((action, index) => (
        <ActionState key={index} action={{ isPending: false, error: action.error }} />
      ))}
    </section>
  );
}
