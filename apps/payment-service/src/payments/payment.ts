import type { CardSummary } from './card.ts';
import type { Money } from './money.ts';
import type { CapturedMoney, PaymentStatus, RefundStatus } from './rules.ts';

export type Payment = {
  readonly id: string;
  /** Who paid. */
  readonly subject: string;
  readonly status: PaymentStatus;
  readonly amount: Money;
  /** Minor units given back already. */
  readonly refunded: number;
  /** Minor units reserved for refunds under way. */
  readonly refunding: number;
  readonly card: CardSummary;
  readonly declineReason: string | undefined;
  /** When the buyer's cart was brought in line with the verdict; undefined: that is still to be done. */
  readonly cartSettledAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type Refund = {
  readonly id: string;
  readonly paymentId: string;
  /** Who gave the money back. */
  readonly requestedBy: string;
  readonly amount: Money;
  readonly status: RefundStatus;
  readonly createdAt: Date;
};

/** A payment's money, as the rules of refunding see it. */
export function capturedMoney(payment: Payment): CapturedMoney {
  return { captured: payment.amount.amount, refunded: payment.refunded, refunding: payment.refunding };
}
