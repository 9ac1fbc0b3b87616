import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { formatAmount, parseAmount } from '../../i18n/money.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FaultNotice } from '../../ui/fault-notice.tsx';
import { Notice } from '../../ui/notice.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { tell } from '../../ui/toasts.tsx';
import { type Payment, refundableAmount } from './payment.ts';
import { useRefund } from './use-payments.ts';

export type RefundDialogProps = {
  readonly payment: Payment;
  readonly onClose: () => void;
  readonly onRefunded?: () => void;
};

/** Asks for the amount to refund: all that is left, or less. */
export function RefundDialog({ payment, onClose, onRefunded }: RefundDialogProps) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const left = refundableAmount(payment);
  const { currency } = left;
  const [typed, setTyped] = useState(() => formatAmount(left));
  const [showsFault, setShowsFault] = useState(false);
  const refund = useRefund();

  function submit(event: FormEvent): void {
    event.preventDefault();
    const amount = parseAmount(typed, currency);
    setShowsFault(amount === null);
    if (amount === null || refund.isPending) return;
    refund.mutate(
      { id: payment.id, amount },
      {
        onSuccess: ({ status }) => {
          if (status !== 'succeeded') return;
          tell(t('payments.refunded', { amount: money(amount) }));
          onRefunded?.();
          onClose();
        },
      },
    );
  }

  return (
    <Dialog title={t('payments.refundTitle')} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <p>{t('payments.refundText', { amount: money(payment.amount), left: money(left) })}</p>
        <FaultNotice error={refund.error} />
        {refund.data?.status === 'pending' && (
          <Notice tone="warn" isAlert>
            {t('payments.refundPending')}
          </Notice>
        )}
        {refund.data?.status === 'failed' && (
          <Notice tone="bad" isAlert>
            {t('payments.refundFailed')}
          </Notice>
        )}
        <TextField
          label={t('payments.refundAmount', { currency })}
          fault={showsFault ? t('payments.refundFault') : undefined}
          inputMode="decimal"
          autoComplete="off"
          value={typed}
          onChange={setTyped}
        />
        <div className="form-foot">
          <Button type="submit" look="primary" isPending={refund.isPending}>
            {t('payments.refundConfirm')}
          </Button>
          <Button onPress={onClose}>{t('page.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
