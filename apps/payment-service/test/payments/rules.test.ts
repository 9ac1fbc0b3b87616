import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CapturedMoney,
  decideCharge,
  decideRefund,
  isSettled,
  nextStatus,
  type PaymentEvent,
  type PaymentStatus,
  paymentStatuses,
  refundEvent,
  transitions,
} from '../../src/payments/rules.ts';

const events: PaymentEvent[] = [
  'charge_succeeded',
  'charge_declined',
  'charge_unanswered',
  'refunded_in_part',
  'refunded_in_full',
];

const rank: Record<PaymentStatus, number> = {
  pending: 0,
  unknown: 1,
  declined: 2,
  succeeded: 2,
  partially_refunded: 3,
  refunded: 4,
};

test('the table holds exactly the moves that exist', () => {
  const moves = paymentStatuses.flatMap((from) =>
    events.flatMap((event) => {
      const to = nextStatus(from, event);
      return to === undefined ? [] : [`${from} → ${to}`];
    }),
  );
  expect(moves).toEqual([
    'pending → succeeded',
    'pending → declined',
    'pending → unknown',
    'unknown → succeeded',
    'unknown → declined',
    'succeeded → partially_refunded',
    'succeeded → refunded',
    'partially_refunded → partially_refunded',
    'partially_refunded → refunded',
  ]);
});

test('whatever happens, in whatever order, a payment only moves forward, and a verdict is never taken back', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (history) => {
      let status: PaymentStatus = 'pending';
      for (const event of history) {
        const before: PaymentStatus = status;
        status = nextStatus(status, event) ?? status;
        expect(rank[status]).toBeGreaterThanOrEqual(rank[before]);
        if (isSettled(before)) expect(isSettled(status)).toBe(true);
        if (before === 'declined') expect(status).toBe('declined');
        if (before === 'succeeded') expect(status).not.toBe('declined');
      }
      const firstVerdict = history.find(
        (event) => event === 'charge_succeeded' || event === 'charge_declined',
      );
      if (firstVerdict === undefined) expect(isSettled(status)).toBe(false);
      else expect(status === 'declined').toBe(firstVerdict === 'charge_declined');
    }),
    { numRuns: 2000 },
  );
});

test('a duplicate of the last event changes nothing but a further partial refund', () => {
  for (const from of paymentStatuses) {
    for (const event of events) {
      const to = transitions[from][event];
      if (to !== undefined && event !== 'refunded_in_part') expect(nextStatus(to, event)).toBeUndefined();
    }
  }
});

type Step = { do: 'ask'; amount: number | undefined } | { do: 'confirm' | 'fail'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    amount: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
  }),
  fc.record({ do: fc.constantFrom('confirm' as const, 'fail' as const), which: fc.nat(5) }),
);

test('refunds asked for, confirmed and failed in any order never exceed what was captured', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(step, { maxLength: 40 }), (captured, steps) => {
      let status: PaymentStatus = 'succeeded';
      const money: CapturedMoney = { captured, refunded: 0, refunding: 0 };
      const open: number[] = [];
      for (const next of steps) {
        if (next.do === 'ask') {
          const verdict = decideRefund(status, money, next.amount);
          if (!verdict.allowed) continue;
          expect(verdict.amount).toBeGreaterThan(0);
          if (next.amount !== undefined) expect(verdict.amount).toBe(next.amount);
          money.refunding += verdict.amount;
          open.push(verdict.amount);
        } else {
          const [amount] = open.splice(next.which % Math.max(1, open.length), 1);
          if (amount === undefined) continue;
          money.refunding -= amount;
          if (next.do === 'confirm') {
            const moved = nextStatus(status, refundEvent(money, amount));
            expect(moved).toBeDefined();
            status = moved ?? status;
            money.refunded += amount;
          }
        }
        expect(money.refunded + money.refunding).toBeLessThanOrEqual(captured);
        expect(status === 'refunded').toBe(money.refunded === captured);
        expect(status === 'succeeded').toBe(money.refunded === 0);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each(['pending', 'unknown', 'declined'] as const)(
  'nothing can be refunded while a payment is %s',
  (status) => {
    const money = { captured: 100, refunded: 0, refunding: 0 };
    expect(decideRefund(status, money, 1)).toEqual({ allowed: false, reason: 'not_refundable' });
  },
);

test.each([
  [{ state: 'claimed', total: { amount: 100, currency: 'EUR' } }, 'charge'],
  [{ state: 'claimed', total: { amount: 101, currency: 'EUR' } }, 'cart_changed'],
  [{ state: 'claimed', total: { amount: 99, currency: 'EUR' } }, 'cart_changed'],
  [{ state: 'claimed', total: { amount: 100, currency: 'USD' } }, 'cart_changed'],
  [{ state: 'cart_empty' }, 'cart_empty'],
  [{ state: 'in_progress' }, 'in_progress'],
  [{ state: 'given_up' }, 'given_up'],
] as const)('agreed to 100 EUR, with %j: %s', (claim, verdict) => {
  expect(decideCharge(claim, { amount: 100, currency: 'EUR' })).toBe(verdict);
});
