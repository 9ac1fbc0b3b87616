import type { CardSummary } from './card.ts';
import type { Money } from './money.ts';
import type { CapturedMoney, PaymentStatus, RefundStatus } from './rules.ts';

export type Payment = {
  readonly id: string;
  /** The buyer. */
  readonly subject: string;
  readonly status: PaymentStatus;
  readonly amount: Money;
  /** Refunded so far, in minor units. */
  readonly refunded: number;
  /** Minor units reserved for refunds under way. */
  readonly refunding: number;
  readonly card: CardSummary;
  readonly declineReason: string | undefined;
  /** When the buyer's cart was settled; undefined while that is still to be done. */
  readonly cartSettledAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type Refund = {
  readonly id: string;
  readonly paymentId: string;
  /** The subject who refunded it. */
  readonly requestedBy: string;
  readonly amount: Money;
  readonly status: RefundStatus;
  readonly createdAt: Date;
};

/** A payment's amounts, for the refund rules. */
export function capturedMoney(payment: Payment): CapturedMoney {
  return { captured: payment.amount.amount, refunded: payment.refunded, refunding: payment.refunding };
}
