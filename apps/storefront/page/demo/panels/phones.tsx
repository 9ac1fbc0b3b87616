import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Phone, Stopwatch } from '../../../src/demo/api.ts';
import { Button } from '../../ui/button.tsx';
import { useKeptFocus } from '../../ui/use-kept-focus.ts';
import { ActionState, useAction } from '../action.tsx';
import { demoApi } from '../demo-api.ts';
import { useDemoPerson, useIsStranger } from '../person/demo-person.ts';
import { useReason } from '../reason.ts';
import { Scroll } from '../scroll.tsx';
import { StopwatchTable } from '../stopwatch/stopwatch-table.tsx';
import { useSummary } from '../stopwatch/summary.ts';

/** The person's phones. Only one may be signed in at a time. */
export function PhonesPart() {
  const { t } = useTranslation('demo');
  const summary = useSummary();
  const username = useDemoPerson()?.username ?? null;
  const isStranger = useIsStranger();
  const [stopwatch, setStopwatch] = useState<readonly Stopwatch[]>([]);
  const phones = useQuery({
    queryKey: ['demo', 'state', 'phones', username],
    queryFn: () => demoApi.phones(username ?? ''),
    enabled: username !== null,
  });
  const add = useAction({
    work: async () => {
      const added = await demoApi.signPhoneIn(username ?? '');
      setStopwatch(added.stopwatch);
      return added;
    },
    say: ({ phone, stopwatch: seen }) =>
      t('devices.phone_added', { device: phone.device_name, summary: summary(seen) }),
  });
  const end = useAction({
    work: async (phone: Phone) => {
      setStopwatch((await demoApi.signPhoneOut(phone.id)).stopwatch);
      return phone;
    },
    say: ({ device_name: device }) => t('devices.signed_out', { device }),
  });
  const list = phones.data?.phones ?? [];

  return (
    <section {...useKeptFocus<HTMLElement>()} className="demo-part" aria-labelledby="phones-title">
      <h3 id="phones-title">{t('devices.phones')}</h3>
      <p className="demo-about">{t('devices.phones_about')}</p>
      {list.length === 0 ? <p>{t('devices.phone_none')}</p> : <PhoneTable phones={list} onEnd={end.mutate} />}
      <div className="demo-actions">
        <Button look="primary" isDisabled={username === null || add.isPending} onPress={() => add.mutate()}>
          {t('devices.phone_add')}
        </Button>
      </div>
      {isStranger && <p className="demo-about">{t('common.stranger')}</p>}
      <ActionState action={add} />
      <ActionState action={end} />
      {stopwatch.length > 0 && <StopwatchTable stopwatch={stopwatch} />}
    </section>
  );
}

type PhoneTableProps = { readonly phones: readonly Phone[]; readonly onEnd: (phone: Phone) => void };

function PhoneTable({ phones, onEnd }: PhoneTableProps) {
  const { t } = useTranslation('demo');
  const reasonText = useReason();
  return (
    <Scroll>
      <table className="demo-table">
        <caption className="visually-hidden">{t('devices.phones')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('devices.device')}</th>
            <th scope="col">{t('devices.phone_state')}</th>
            <th scope="col">{t('devices.actions')}</th>
          </tr>
        </thead>
        <tbody>
          {phones.map((phone) => (
            <tr key={phone.id}>
              <th scope="row">{phone.device_name}</th>
              <td>
                <span
                  className="demo-badge"
                  data-long={!phone.signed_in}
                  data-verdict={phone.signed_in ? 'passed' : 'refused'}
                >
                  {phone.signed_in
                    ? t('devices.phone_in')
                    : t('devices.phone_out', { reason: reasonText(phone.reason ?? '…') })}
                </span>
              </td>
              <td>
                {phone.signed_in && (
                  <Button
                    data-kind="danger"
                    aria-label={t('devices.sign_out_device', { device: phone.device_name })}
                    onPress={() => onEnd(phone)}
                  >
                    {t('devices.sign_out')}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
