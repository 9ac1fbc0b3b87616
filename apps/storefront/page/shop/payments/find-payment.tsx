import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { FaultNotice } from '../../ui/fault-notice.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { PaymentRow } from './payment-row.tsx';
import { useReadPayment } from './use-payments.ts';

/** Finds anybody's payment by its number, for support. */
export function FindPayment() {
  const { t } = useTranslation();
  const [id, setId] = useState('');
  const read = useReadPayment();

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (id.trim() !== '') read.mutate(id.trim());
  }

  return (
    <section className="find-payment" aria-label={t('payments.find')}>
      <form className="form" onSubmit={submit}>
        <h3>{t('payments.find')}</h3>
        <div className="field-row">
          <TextField
            label={t('payments.findId')}
            hint={t('payments.findHint')}
            autoComplete="off"
            value={id}
            onChange={setId}
          />
          <Button type="submit" isPending={read.isPending}>
            {t('payments.findGo')}
          </Button>
        </div>
      </form>
      <FaultNotice error={read.error} />
      {read.data !== undefined && (
        <ul className="rows">
          <PaymentRow payment={read.data} onRefunded={() => read.mutate(read.data.id)} />
        </ul>
      )}
    </section>
  );
}
