import { ProblemError } from '@latchkey/service-kit';
import type { Card } from './card.ts';
import type { PaymentsContext } from './context.ts';
import type { Payment } from './payment.ts';
import { findPayment, type Move, movePayment } from './payment-store.ts';
import { askProcessor, type Inquiry } from './processor.ts';
import { nextStatus } from './rules.ts';

/**
 * Has the processor charge the card for a stored payment, and records its answer. The payment's id is the reference, so
 * charging twice, at the same time or after a crash, takes the money once.
 */
export async function charge(context: PaymentsContext, payment: Payment, card: Card): Promise<Payment> {
  const request = { reference: payment.id, amount: payment.amount, card };
  const outcome = await askProcessor(context.processorTimeoutMs, (signal) =>
    context.processor.charge(request, signal),
  );
  return recordOutcome(context, payment, outcome);
}

/** Asks the processor for a payment's outcome, and records it. Needs no card and charges nothing. */
export async function inquire(context: PaymentsContext, payment: Payment): Promise<Payment> {
  const outcome = await askProcessor(context.processorTimeoutMs, (signal) =>
    context.processor.inquire(payment.id, signal),
  );
  return recordOutcome(context, payment, outcome);
}

/**
 * Tells the processor never to charge a payment, and records its answer: nothing was charged, or it had been charged
 * before. Needs no card. Afterwards the payment has its verdict, unless the processor did not answer.
 */
export async function giveUp(context: PaymentsContext, payment: Payment): Promise<Payment> {
  const request = { reference: payment.id, amount: payment.amount };
  const outcome = await askProcessor(context.processorTimeoutMs, (signal) =>
    context.processor.cancel(request, signal),
  );
  return recordOutcome(context, payment, outcome);
}

async function recordOutcome(context: PaymentsContext, payment: Payment, outcome: Inquiry): Promise<Payment> {
  const move = moveAfter(outcome, new Date(context.clock()));
  let current = payment;
  // Another run may move the payment at the same time. An event that still changes something is retried. This ends, as
  // each round finds the payment in a later status.
  while (move !== undefined && nextStatus(current.status, move.event) !== undefined) {
    const moved = await movePayment(context.database, current, move);
    if (moved) return moved;
    current = await existingPayment(context, payment.id);
  }
  return current;
}

function moveAfter(outcome: Inquiry, now: Date): Move | undefined {
  switch (outcome.outcome) {
    case 'succeeded':
      return { event: 'charge_succeeded', now };
    case 'declined':
      return { event: 'charge_declined', now, declineReason: outcome.reason };
    case 'unknown':
      return { event: 'charge_unanswered', now };
    case 'not_found':
      return undefined;
  }
}

/**
 * Returns a stored payment.
 *
 * @throws ProblemError 409 `request_in_progress` when it is gone: another run of the same request refused it first
 */
export async function existingPayment(
  { database }: Pick<PaymentsContext, 'database'>,
  id: string,
): Promise<Payment> {
  const payment = await findPayment(database, id);
  if (payment !== undefined) return payment;
  throw new ProblemError({
    status: 409,
    code: 'request_in_progress',
    detail: 'Another run of this request has refused it. Repeat it a little later.',
    headers: { 'retry-after': '1' },
  });
}
