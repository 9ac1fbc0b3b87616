import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { forThisFile } from '@latchkey/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPaymentDatabase } from '../../src/database/open-payment-database.ts';
import type { Payment } from '../../src/payments/payment.ts';
import { findPayment, insertPendingPayment, movePayment } from '../../src/payments/payment-store.ts';
import { findRefund, reserveRefund, settleRefund } from '../../src/payments/refund-store.ts';
import { nextStatus, type PaymentEvent } from '../../src/payments/rules.ts';

const empty = await forThisFile(createTestDatabase());
const database = await forThisFile(
  openPaymentDatabase({ DATABASE_URL: empty.url, DATABASE_POOL_SIZE: 10, DATABASE_TIMEOUT_MS: 10_000 }),
);

const now = new Date('2030-01-01T00:00:00Z');

async function read(id: string): Promise<Payment> {
  const payment = await findPayment(database.db, id);
  if (payment === undefined) throw new Error('the payment was just written');
  return payment;
}

async function newPayment(): Promise<Payment> {
  const id = randomUUID();
  const amount = { amount: 1000, currency: 'EUR' };
  await insertPendingPayment(database.db, {
    id,
    subject: 'ada',
    amount,
    card: { last4: '4242', brand: 'visa' },
    createdAt: now,
  });
  return read(id);
}

async function capturedPayment(): Promise<Payment> {
  const payment = await movePayment(database.db, await newPayment(), { event: 'charge_succeeded', now });
  if (payment === undefined) throw new Error('a pending payment can succeed');
  return payment;
}

const event = fc.constantFrom<PaymentEvent>(
  'charge_succeeded',
  'charge_declined',
  'charge_unanswered',
  'refunded_in_part',
  'refunded_in_full',
);

test('news that is based on an old reading changes nothing, in whatever order it comes', async () => {
  let stale = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ event, age: fc.nat(3) }), { minLength: 1, maxLength: 12 }),
      async (steps) => {
        const readings = [await newPayment()];
        for (const { event, age } of steps) {
          const current = await read(readings[0]?.id ?? '');
          const reading = readings.at(-1 - age) ?? current;
          const moved = await movePayment(database.db, reading, { event, now });
          const after = await read(current.id);
          if (reading.status === current.status) {
            expect(after.status).toBe(nextStatus(current.status, event) ?? current.status);
          } else {
            stale += 1;
            expect(moved).toBeUndefined();
            expect(after).toEqual(current);
          }
          readings.push(after);
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(stale).toBeGreaterThan(10);
});

test('of two opposite verdicts at the same time one is recorded, and the other is reported', async () => {
  for (let round = 0; round < 10; round += 1) {
    const payment = await newPayment();
    const moves = await Promise.all(
      (['charge_succeeded', 'charge_declined'] as const).map((verdict) =>
        movePayment(database.db, payment, { event: verdict, now }),
      ),
    );
    const [winner, ...others] = moves.filter((moved) => moved !== undefined);
    expect(others).toEqual([]);
    expect((await read(payment.id)).status).toBe(winner?.status);
  }
});

test('a refund that is settled many times over counts once', async () => {
  const { id } = await capturedPayment();
  const [first, second] = [randomUUID(), randomUUID()];
  for (const [refundId, amount] of [
    [first, 300],
    [second, 400],
  ] as const) {
    await database.db.transaction(async (transaction) => {
      const payment = await findPayment(transaction, id, { lock: true });
      if (payment === undefined) throw new Error('the payment was just written');
      await reserveRefund(transaction, payment, { id: refundId, requestedBy: 'sam', amount, createdAt: now });
    });
  }
  const refund = await findRefund(database.db, first);
  if (refund === undefined) throw new Error('the refund was just written');

  await Promise.all(
    Array.from({ length: 8 }, () => settleRefund(database.db, refund, { outcome: 'succeeded', now })),
  );
  await settleRefund(database.db, refund, { outcome: 'declined', now });

  expect(await read(id)).toMatchObject({ status: 'partially_refunded', refunded: 300, refunding: 400 });
  expect((await findRefund(database.db, first))?.status).toBe('succeeded');
  expect((await findRefund(database.db, second))?.status).toBe('pending');
});

test.each([
  ['more refunded than paid', 'refunded = 1001'],
  ['more reserved than is left', 'refunded = 600, refunding = 401'],
  ['a negative reserve', 'refunding = -1'],
  ['a status that does not exist', `status = 'lost'`],
  ['an amount of nothing', 'amount = 0'],
])('Postgres itself refuses %s', async (_what, change) => {
  const { id } = await capturedPayment();
  const refused = database.pool.query(`update payments set ${change} where id = $1`, [id]);
  await expect(refused).rejects.toMatchObject({ code: '23514' });
});
