import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Money } from '../../i18n/money.ts';
import { ask } from '../../services/ask.ts';
import { createIdempotencyKeys } from '../../services/idempotency-keys.ts';
import { useInvalidate, useKey } from '../../services/queries.ts';
import { isRefusedForGood } from '../../services/service-error.ts';
import { useScope } from '../../session/use-session.ts';
import type { Payment, PaymentPage, Refund } from './payment.ts';

const pathOf = (id: string) => `/payments/${encodeURIComponent(id)}`;

/** The person's own payments, the newest first, page by page. */
export function usePayments() {
  const mayRead = useScope('payment:read');
  return useInfiniteQuery({
    queryKey: useKey('payments'),
    queryFn: async ({ pageParam }) => {
      const cursor = pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return (await ask<PaymentPage>('payment-service', `/payments?limit=10${cursor}`)).body;
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    enabled: mayRead,
  });
}

/** Reads one payment. payment-service then asks the card processor again if the outcome is open. */
export function useReadPayment() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async (id: string) => (await ask<Payment>('payment-service', pathOf(id))).body,
    onSuccess: () => void invalidate('payments', 'cart'),
  });
}

/** Refunds a payment. A repetition keeps its key until there is a final answer. */
export function useRefund() {
  const [keys] = useState(() => createIdempotencyKeys());
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async ({ id, amount }: { id: string; amount: Money }) => {
      const idempotencyKey = keys.keyFor({ id, amount });
      const answer = await ask<Refund>('payment-service', `${pathOf(id)}/refunds`, {
        method: 'POST',
        body: { amount },
        idempotencyKey,
      });
      if (answer.status !== 202) keys.answered();
      return answer.body;
    },
    onError: (error) => {
      if (isRefusedForGood(error)) keys.answered();
    },
    onSettled: () => void invalidate('payments'),
  });
}
