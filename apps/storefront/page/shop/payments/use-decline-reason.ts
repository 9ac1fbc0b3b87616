import { useTranslation } from 'react-i18next';
import { shopMessages } from '../../i18n/en/shop.ts';
import type { Payment } from './payment.ts';

type Reason = keyof typeof shopMessages.checkout.reasons;

/** Why a card was declined, in words. */
export function useDeclineReason(): (payment: Payment) => string {
  const { t } = useTranslation();
  return ({ decline_reason: reason = 'other' }) =>
    t(`checkout.reasons.${isReason(reason) ? reason : 'other'}`);
}

function isReason(reason: string): reason is Reason {
  return Object.hasOwn(shopMessages.checkout.reasons, reason);
}
