import { randomUUID } from 'node:crypto';
import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { CardProcessor } from '../../src/payments/processor.ts';
import { createSandboxProcessor } from '../../src/payments/sandbox-processor.ts';
import { refundsOf } from '../ledger.ts';
import { card, euros, goodCard, impatient, startPaymentService } from '../payment-fixture.ts';

const service = await forThisFile(startPaymentService());

/** Pays a processor that is silent about some cards. */
const silent = await forThisFile(startPaymentService({ beside: service, env: impatient }));

async function paid(amount = 1000, number = goodCard.number, from = service): Promise<string> {
  const { body } = await from.pay({ body: { amount: euros(amount), card: card(number) } });
  return body.id ?? '';
}
const read = async (id: string) => (await service.call(`/payments/${id}`, { token: service.support() })).body;
const part = (amount: number) => ({ body: { amount: euros(amount) } });

test('support refunds somebody else’s payment in parts, up to the last cent', async () => {
  const id = await paid(1000);

  const first = await service.refund(id, part(300));
  expect(first.status).toBe(201);
  expect(first.body).toEqual({
    id: expect.any(String),
    payment_id: id,
    status: 'succeeded',
    amount: euros(300),
    created_at: expect.any(String),
  });
  expect(await read(id)).toMatchObject({ status: 'partially_refunded', refunded_amount: 300 });

  expect((await service.refund(id, part(699))).status).toBe(201);
  expect(await read(id)).toMatchObject({ status: 'partially_refunded', refunded_amount: 999 });

  expect((await service.refund(id, part(1))).status).toBe(201);
  expect(await read(id)).toMatchObject({ status: 'refunded', refunded_amount: 1000, amount: euros(1000) });
  expect(await refundsOf(service.database.db, id)).toEqual([1, 300, 699]);
});

test('without an amount all that is left goes back', async () => {
  const id = await paid(1000);
  await service.refund(id, part(1));
  expect((await service.refund(id)).body.amount).toEqual(euros(999));
  expect((await read(id)).status).toBe('refunded');
});

test.each<[string, () => Promise<string>, unknown, number, string]>([
  ['more than was paid', () => paid(1000), { amount: euros(1001) }, 422, 'refund_exceeds_payment'],
  [
    'another currency',
    () => paid(1000),
    { amount: { amount: 1, currency: 'USD' } },
    422,
    'currency_mismatch',
  ],
  ['nothing', () => paid(1000), { amount: euros(0) }, 400, 'invalid_request'],
  ['less than nothing', () => paid(1000), { amount: euros(-5) }, 400, 'invalid_request'],
  ['a bare number', () => paid(1000), { amount: 5 }, 400, 'invalid_request'],
  ['an unknown property', () => paid(1000), { amonut: euros(5) }, 400, 'invalid_request'],
  ['a declined payment', () => paid(1000, '4000000000000002'), {}, 409, 'payment_not_refundable'],
  ['a payment in doubt', () => paid(1000, '4000000000000119', silent), {}, 409, 'payment_not_refundable'],
  ['a payment that does not exist', async () => randomUUID(), {}, 404, 'payment_not_found'],
  ['what is no payment', async () => 'nonsense%00', {}, 404, 'payment_not_found'],
])('refunding %s is refused, and leaves no trace', async (_what, payment, body, status, code) => {
  const id = await payment();
  const traces = async () => {
    const { rows } = await service.database.db.execute(
      sql`select (select count(*) from refunds) as refunds, (select count(*) from idempotency_keys) as keys`,
    );
    return rows;
  };
  const before = await traces();
  const reply = await service.refund(id, { body });
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(await traces()).toEqual(before);
});

test('what is refunded already cannot be refunded again', async () => {
  const id = await paid(1000);
  await service.refund(id, part(600));
  const tooMuch = await service.refund(id, part(401));
  await service.refund(id);
  const again = await service.refund(id);
  const onceMore = await service.refund(id, part(1));

  expect([tooMuch.status, tooMuch.body.code]).toEqual([422, 'refund_exceeds_payment']);
  for (const reply of [again, onceMore])
    expect([reply.status, reply.body.code]).toEqual([409, 'payment_not_refundable']);
});

test('same key: one refund; another body or another payment: 422', async () => {
  const [id, other] = [await paid(1000), await paid(1000)];
  const key = randomUUID();
  const first = await service.refund(id, { ...part(100), key });
  const replays = await Promise.all(
    Array.from({ length: 10 }, () => service.refund(id, { ...part(100), key })),
  );
  const changed = await service.refund(id, { ...part(101), key });
  const elsewhere = await service.refund(other, { ...part(100), key });

  for (const reply of replays) {
    expect([reply.status, reply.text, reply.headers.get('idempotency-replayed')]).toEqual([
      201,
      first.text,
      'true',
    ]);
  }
  for (const reply of [changed, elsewhere])
    expect([reply.status, reply.body.code]).toEqual([422, 'idempotency_key_reused']);
  expect(await refundsOf(service.database.db, id)).toEqual([100]);
  expect(await refundsOf(service.database.db, other)).toEqual([]);
});

test('without a key: 400', async () => {
  const reply = await service.call(`/payments/${await paid()}/refunds`, {
    method: 'POST',
    token: service.support(),
    body: {},
  });
  expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
});

test('20 refunds at once, of 300 out of 1000 each: three go through', async () => {
  const id = await paid(1000);
  const replies = await Promise.all(Array.from({ length: 20 }, () => service.refund(id, part(300))));

  expect(replies.filter((reply) => reply.status === 201)).toHaveLength(3);
  expect(replies.filter((reply) => reply.body.code === 'refund_exceeds_payment')).toHaveLength(17);
  expect(await refundsOf(service.database.db, id)).toEqual([300, 300, 300]);
  expect(await read(id)).toMatchObject({ status: 'partially_refunded', refunded_amount: 900 });
});

test('20 refunds of everything at once, by different people: one goes through', async () => {
  const id = await paid(1000);
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => service.refund(id, { token: service.support(`sam ${index}`) })),
  );
  expect(replies.filter((reply) => reply.status === 201)).toHaveLength(1);
  expect(replies.filter((reply) => reply.status === 409)).toHaveLength(19);
  expect(await refundsOf(service.database.db, id)).toEqual([1000]);
  expect(await read(id)).toMatchObject({ status: 'refunded', refunded_amount: 1000 });
});

test('refunds of random parts, at once: never more than was paid, and our sum is the processor’s', async () => {
  const id = await paid(1000);
  const amounts = Array.from({ length: 24 }, () => 1 + Math.floor(Math.random() * 200));
  await Promise.all(amounts.map((amount) => service.refund(id, part(amount))));

  const given = (await refundsOf(service.database.db, id)).reduce((sum, amount) => sum + amount, 0);
  expect(given, `amounts ${amounts}`).toBeLessThanOrEqual(1000);
  expect((await read(id)).refunded_amount).toBe(given);
});

test('the person who refunded is recorded', async () => {
  const id = await paid(1000);
  const { body } = await service.refund(id, { token: service.support('sue') });
  const { rows } = await service.database.db.execute(
    sql`select requested_by, payment_id from refunds where id = ${body.id}`,
  );
  expect(rows).toEqual([{ requested_by: 'sue', payment_id: id }]);
});

test('a refund that gets no answer is 202, blocks its amount, and is brought to its end by repeating it or by reading', async () => {
  const database = service.database.db;
  const sandbox = createSandboxProcessor(database);
  // The processor executes the refund, but its answer is lost.
  const lossy: CardProcessor = {
    ...sandbox,
    refund: async (request, signal) => {
      await sandbox.refund(request, signal);
      return new Promise<never>(() => undefined);
    },
  };
  const other = await startPaymentService({
    processor: lossy,
    beside: service,
    env: impatient,
  });
  try {
    const id = await paid(1000);
    const requests = [
      { ...part(400), key: randomUUID() },
      { ...part(500), key: randomUUID() },
    ];
    const lost = await Promise.all(requests.map((request) => other.refund(id, request)));
    expect(lost.map((reply) => [reply.status, reply.body.status])).toEqual([
      [202, 'pending'],
      [202, 'pending'],
    ]);
    await eventually('the processor has executed both', async () =>
      expect(await refundsOf(database, id)).toEqual([400, 500]),
    );
    expect(await read(id)).toMatchObject({ status: 'succeeded', refunded_amount: 0 });
    expect((await other.refund(id, part(101))).body.code).toBe('refund_exceeds_payment');

    const repeated = await service.refund(id, requests[0]);
    expect([repeated.status, repeated.body.id, repeated.body.status]).toEqual([
      201,
      lost[0]?.body.id,
      'succeeded',
    ]);
    await database.execute(
      sql`update refunds set created_at = created_at - interval '1 hour' where payment_id = ${id}`,
    );
    expect(await read(id)).toMatchObject({ status: 'partially_refunded', refunded_amount: 900 });
    expect(await refundsOf(database, id)).toEqual([400, 500]);
    expect((await service.refund(id, requests[1])).body).toMatchObject({
      id: lost[1]?.body.id,
      status: 'succeeded',
    });
  } finally {
    await other.close();
  }
});

test('a refund that the processor declines gives its amount back', async () => {
  const sandbox = createSandboxProcessor(service.database.db);
  const refusing: CardProcessor = {
    ...sandbox,
    refund: async () => ({ outcome: 'declined', reason: 'account_closed' }),
  };
  const other = await startPaymentService({
    processor: refusing,
    beside: service,
  });
  try {
    const id = await paid(1000);
    const failed = await other.refund(id);
    expect([failed.status, failed.body.status]).toEqual([201, 'failed']);
    expect(await read(id)).toMatchObject({ status: 'succeeded', refunded_amount: 0 });
    expect((await service.refund(id)).body).toMatchObject({ status: 'succeeded', amount: euros(1000) });
  } finally {
    await other.close();
  }
});
