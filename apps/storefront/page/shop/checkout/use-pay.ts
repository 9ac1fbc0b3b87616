import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Money } from '../../i18n/money.ts';
import { ask } from '../../services/ask.ts';
import { createIdempotencyKeys } from '../../services/idempotency-keys.ts';
import { useInvalidate } from '../../services/queries.ts';
import { isRefusedForGood } from '../../services/service-error.ts';
import { isOpen, type Payment } from '../payments/payment.ts';
import type { Card } from './card.ts';

export type PayOrder = { readonly amount: Money; readonly card: Card };

/** How often the page repeats the request by itself while the card processor has no verdict, and the waits before. */
const repeats = 3;
const waitMs = 1500;

/**
 * Pays for the cart. The same order keeps its Idempotency-Key until payment-service gives a final answer: after a lost
 * answer, a 202, or a request for the password. So pressing again never charges twice. `unanswered` is the payment
 * while its outcome is unknown.
 */
export function usePay() {
  const [keys] = useState(() => createIdempotencyKeys());
  const [unanswered, setUnanswered] = useState<Payment>();
  const invalidate = useInvalidate();

  async function pay(order: PayOrder): Promise<Payment> {
    const idempotencyKey = keys.keyFor(order);
    const question = { method: 'POST', body: order, idempotencyKey } as const;
    let answer = await ask<Payment>('payment-service', '/payments', question);
    for (let repeated = 0; answer.status === 202 && repeated < repeats; repeated += 1) {
      if (isOpen(answer.body)) setUnanswered(answer.body);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      answer = await ask<Payment>('payment-service', '/payments', question);
    }
    if (answer.status !== 202) keys.answered();
    return answer.body;
  }

  const mutation = useMutation({
    mutationFn: pay,
    onError: (error) => {
      // payment-service keeps nothing of a refused request (apps/payment-service/README.md), so the next one is new.
      if (isRefusedForGood(error)) keys.answered();
    },
    onSettled: () => {
      setUnanswered(undefined);
      return invalidate('cart', 'payments');
    },
  });
  return { ...mutation, unanswered };
}
