import { randomUUID } from 'node:crypto';
import { card, euros, goodCard, type PaymentFixture } from '../payment-fixture.ts';

/** A card whose charge succeeds, but whose answer comes too late. */
export const late = '4000000000000119';

/** A buyer at this service whose cart costs this much. */
export function buyerAt(service: PaymentFixture, subject: string, ...amounts: number[]) {
  const token = service.customer(subject);
  for (const amount of amounts) service.carts.put(subject, euros(amount));
  return {
    token,
    pay: (amount: number, { key = randomUUID() as string, number = goodCard.number, from = service } = {}) =>
      from.pay({ token, key, body: { amount: euros(amount), card: card(number) }, cart: 'as it is' }),
    read: (id: string | undefined) => service.call(`/payments/${id}`, { token }),
    list: async () => (await service.call('/payments', { token })).body.payments ?? [],
  };
}
