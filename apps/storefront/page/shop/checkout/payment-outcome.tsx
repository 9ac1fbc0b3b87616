import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { isOpen, type Payment } from '../payments/payment.ts';
import { useDeclineReason } from '../payments/use-decline-reason.ts';

/** The outcome of a payment in words. Empty without a payment. */
export function PaymentOutcome({ payment, isAsking }: { payment: Payment | undefined; isAsking: boolean }) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const declineReason = useDeclineReason();
  if (payment === undefined) return null;
  if (isOpen(payment)) {
    return <Notice tone="warn">{isAsking ? t('checkout.waiting') : t('checkout.stillOpen')}</Notice>;
  }
  if (isAsking) return null;
  if (payment.status === 'declined') {
    return <Notice tone="bad">{t('checkout.declined', { reason: declineReason(payment) })}</Notice>;
  }
  const amount = money(payment.amount);
  return (
    <Notice tone="good">
      {payment.cart_settled ? t('checkout.paid', { amount }) : t('checkout.unsettled', { amount })}
    </Notice>
  );
}
