import { ProblemError } from '@latchkey/service-kit';
import type { Connection } from '../database/open-payment-database.ts';
import { type Card, isExpired, passesLuhn, summarizeCard } from './card.ts';
import { charge, existingPayment } from './charge.ts';
import type { PaymentsContext } from './context.ts';
import type { RequestIdentity } from './idempotency.ts';
import { isCurrency, type Money } from './money.ts';
import { insertPendingPayment } from './payment-store.ts';
import { isSettled } from './rules.ts';
import { type PaymentBody, toPaymentBody } from './schemas.ts';

export type PayRequest = {
  /** Who pays, and what makes this the same request as an earlier one. */
  readonly identity: RequestIdentity;
  readonly amount: Money;
  readonly card: Card;
};

export type PayAnswer = {
  /** 201 with a final verdict (also a decline); 202 while the processor has not given one. */
  readonly status: 201 | 202;
  readonly body: PaymentBody;
  /** The answer was given before, and is given again. */
  readonly replayed: boolean;
};

/**
 * Charges a card, once, however often the request is repeated and wherever a crash falls: the payment is written down
 * as pending before the processor hears of it, and a repetition carries on from there with the same reference.
 *
 * Does not check who asks: the route's scope does. Amounts are minor units.
 *
 * @throws ProblemError 422 `invalid_currency`, `invalid_card`, `expired_card`, `idempotency_key_reused`; 409
 *   `request_in_progress`. After any of these nothing was stored, and the key is as free as before.
 * @example
 * const { status, body } = await pay(context, { identity, amount: { amount: 1999, currency: 'EUR' }, card });
 */
export async function pay(context: PaymentsContext, request: PayRequest): Promise<PayAnswer> {
  refuseImpossible(request);
  const claim = await context.keys.claim(request.identity, (transaction, id) =>
    writeDown(transaction, request, { id, now: context.clock() }),
  );
  // We wrote this answer ourselves, below.
  if (claim.answer) return { ...(claim.answer as Omit<PayAnswer, 'replayed'>), replayed: true };

  const pending = await existingPayment(context, claim.resourceId);
  const payment = isSettled(pending.status) ? pending : await charge(context, pending, request.card);

  const body = toPaymentBody(payment);
  if (!isSettled(payment.status)) {
    await context.keys.release(request.identity);
    return { status: 202, body, replayed: false };
  }
  await context.keys.finish(request.identity, { status: 201, body });
  return { status: 201, body, replayed: false };
}

function refuseImpossible({ amount, card }: PayRequest): void {
  if (!isCurrency(amount.currency)) {
    throw refusal('invalid_currency', 'The currency is not an ISO 4217 code in use.');
  }
  if (!passesLuhn(card.number)) throw refusal('invalid_card', 'The card number is not valid.');
}

async function writeDown(
  transaction: Connection,
  { identity, amount, card }: PayRequest,
  { id, now }: { id: string; now: number },
): Promise<void> {
  // Only a new payment: one that was made on the card's last day can still be asked for on the next.
  if (isExpired(card, now)) throw refusal('expired_card', 'The card has expired.');
  await insertPendingPayment(transaction, {
    id,
    subject: identity.subject,
    amount,
    card: summarizeCard(card.number),
    createdAt: new Date(now),
  });
}

function refusal(code: string, detail: string): ProblemError {
  return new ProblemError({ status: 422, code, detail });
}
