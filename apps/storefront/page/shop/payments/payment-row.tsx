import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { config } from '../../config.ts';
import { useFormats } from '../../i18n/format.ts';
import { useScope } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { tell, tellFault } from '../../ui/toasts.tsx';
import { brandName } from '../checkout/card.ts';
import { isOpen, isRefundable, type Payment } from './payment.ts';
import { RefundDialog } from './refund-dialog.tsx';
import { useDeclineReason } from './use-decline-reason.ts';
import { useReadPayment } from './use-payments.ts';

const tones = {
  pending: 'warn',
  unknown: 'warn',
  succeeded: 'good',
  declined: 'bad',
  partially_refunded: 'plain',
  refunded: 'plain',
} as const satisfies Record<Payment['status'], string>;

export type PaymentRowProps = {
  readonly payment: Payment;
  /** Called after a refund: the payment that is shown is then out of date. */
  readonly onRefunded?: () => void;
};

export function PaymentRow({ payment, onRefunded }: PaymentRowProps) {
  const { t } = useTranslation();
  const { money, time } = useFormats();
  const declineReason = useDeclineReason();
  const read = useReadPayment();
  const [isRefunding, setRefunding] = useState(false);
  // In the demo, a person without the permission can see the service refuse. Elsewhere the button is hidden.
  const mayRefund = useScope('payment:refund');
  const showsRefund = mayRefund || config.demo;
  const amount = money(payment.amount);

  const askAgain = () =>
    read.mutate(payment.id, {
      onSuccess: ({ status }) =>
        tell(t('payments.askedAgain', { amount, status: t(`payments.statuses.${status}`) })),
      onError: tellFault,
    });

  return (
    <li className="row">
      <div className="row-text">
        <p className="row-title">
          <span>
            <strong className="price">{amount}</strong>{' '}
            <span className={`badge ${tones[payment.status]}`}>
              {t(`payments.statuses.${payment.status}`)}
            </span>
          </span>
          <time className="soft" dateTime={payment.created_at}>
            {time(payment.created_at)}
          </time>
        </p>
        <p className="soft">
          {t('payments.card', { brand: brandName(payment.card.brand), last4: payment.card.last4 })}
          {payment.status === 'declined' && ` · ${declineReason(payment)}`}
          {payment.refunded_amount > 0 &&
            ` · ${t('payments.givenBack', { amount: money({ ...payment.amount, amount: payment.refunded_amount }) })}`}
          {!payment.cart_settled && ` · ${t('payments.unsettled')}`}
        </p>
        <p className="request-id">{t('payments.id', { id: payment.id })}</p>
        <div className="row-foot">
          {(isOpen(payment) || !payment.cart_settled) && (
            <Button isPending={read.isPending} onPress={askAgain}>
              {t('payments.askAgain')}
            </Button>
          )}
          {isRefundable(payment) && showsRefund && (
            <Button aria-label={t('payments.refundOf', { amount })} onPress={() => setRefunding(true)}>
              {t('payments.refund')}
            </Button>
          )}
          {isRefundable(payment) && showsRefund && !mayRefund && (
            <span className="hint">{t('payments.refundDenied')}</span>
          )}
        </div>
      </div>
      {isRefunding && (
        <RefundDialog
          payment={payment}
          onClose={() => setRefunding(false)}
          {...(onRefunded && { onRefunded })}
        />
      )}
    </li>
  );
}
