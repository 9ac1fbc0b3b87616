import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createIdempotencyStore } from '../../src/payments/idempotency-store.ts';
import type { CardProcessor } from '../../src/payments/processor.ts';
import { createSandboxProcessor } from '../../src/payments/sandbox-processor.ts';
import { chargesOf, rowCounts } from '../ledger.ts';
import { card, euros, goodCard, startPaymentService } from '../payment-fixture.ts';

const service = await forThisFile(startPaymentService());

const body = { amount: euros(100), card: goodCard };

test.each([
  ['the same bytes', body],
  [
    'members in another order',
    {
      card: Object.fromEntries(Object.entries(goodCard).reverse()),
      amount: { currency: 'EUR', amount: 100 },
    },
  ],
])('same key, %s: the same answer, marked as a replay', async (what, repeated) => {
  const token = service.customer(what);
  const first = await service.pay({ token, key: 'k', body });
  const second = await service.pay({ token, key: 'k', body: repeated });

  expect([second.status, second.text]).toEqual([first.status, first.text]);
  expect([first, second].map((reply) => reply.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  expect(await chargesOf(service.database.db, what)).toEqual({ charged: 1, calls: 1, taken: 100 });
});

test.each([
  ['another amount', { ...body, amount: euros(101) }],
  ['another currency', { ...body, amount: { amount: 100, currency: 'USD' } }],
  ['another card', { ...body, card: card('5555555555554444') }],
  // Another card of the same brand and with the same last four digits.
  ['another card that looks alike', { ...body, card: card('4000000000024242') }],
  ['another expiry', { ...body, card: { ...goodCard, exp_month: 11 } }],
  ['another cvc', { ...body, card: { ...goodCard, cvc: '124' } }],
  ['no cvc', { ...body, card: { number: goodCard.number, exp_month: 12, exp_year: 2090 } }],
])('same key, %s: 422, and the first answer stands', async (what, other) => {
  const token = service.customer(what);
  const first = await service.pay({ token, key: 'k', body });
  const second = await service.pay({ token, key: 'k', body: other });
  const third = await service.pay({ token, key: 'k', body });

  expect([second.status, second.body.code]).toEqual([422, 'idempotency_key_reused']);
  expect(third.text).toBe(first.text);
  expect(await chargesOf(service.database.db, what)).toMatchObject({ charged: 1, taken: 100 });
});

test('a decline is replayed as well', async () => {
  const request = { key: randomUUID(), body: { ...body, card: card('4000000000000002') } };
  const first = await service.pay(request);
  const second = await service.pay(request);
  expect(first.body.status).toBe('declined');
  expect(second.text).toBe(first.text);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
});

test('a replay is what was answered then, whatever became of the payment', async () => {
  const key = randomUUID();
  const first = await service.pay({ key, body });
  await service.refund(first.body.id ?? '');
  const second = await service.pay({ key, body });

  expect(second.text).toBe(first.text);
  expect((await service.call(`/payments/${first.body.id}`)).body.status).toBe('refunded');
});

test('two people may use the same key, and neither sees the other’s payment', async () => {
  const key = randomUUID();
  const [ada, bob] = [
    await service.pay({ key, body }),
    await service.pay({ key, body, token: service.customer('bob') }),
  ];
  expect([ada.status, bob.status]).toEqual([201, 201]);
  expect(bob.body.id).not.toBe(ada.body.id);
});

test('a key of a payment is not good for a refund', async () => {
  const key = randomUUID();
  const token = service.support();
  const payment = await service.pay({ key, body, token });
  const refund = await service.refund(payment.body.id ?? '', { key, token });
  expect([refund.status, refund.body.code]).toEqual([422, 'idempotency_key_reused']);
});

test.each([
  ['first bare', 'k', '"k"'],
  ['first in quotes', '"k"', 'k'],
  ['with a quote in it', '"k\\"k"', 'k"k'],
])('a key bare and in quotes is one key, of payments and of refunds: %s', async (what, one, other) => {
  const token = service.customer(`spelling ${what}`);
  const first = await service.pay({ token, key: one, body });
  const second = await service.pay({ token, key: other, body });
  expect([second.text, second.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
  const support = service.support();
  const refunds = [];
  for (const key of [one, other].map((written) => written.replaceAll('k', `refund-${what.length}`)))
    refunds.push(await service.refund(first.body.id ?? '', { key, token: support }));
  expect(refunds.map(({ status }) => status)).toEqual([201, 201]);
  expect(refunds[1]?.text).toBe(refunds[0]?.text);
});

test.each([
  ['missing', undefined],
  ['empty', ''],
  ['an empty string', '""'],
  ['a string without an end', '"k'],
  ['a string with a parameter', '"k";a=1'],
  ['two strings', '"k", "k"'],
  ['with a space inside', 'a b'],
  ['not ASCII', 'clé'],
  ['256 characters', 'k'.repeat(256)],
])('a key that is %s: 400, and nothing is stored', async (_what, key) => {
  const before = await rowCounts(service.database.db);
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  const reply = await service.call('/payments', { method: 'POST', body, headers });

  expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
  expect(await rowCounts(service.database.db)).toEqual(before);
});

test.each([
  ['one character', '!'],
  ['255 characters', '~'.repeat(255)],
])('a key of %s will do', async (_what, key) => {
  expect((await service.pay({ key, body })).status).toBe(201);
});

test('20 identical requests at once: one charge, and one answer for all', async () => {
  const token = service.customer('crowd');
  const key = randomUUID();
  const replies = await Promise.all(Array.from({ length: 20 }, () => service.pay({ token, key, body })));

  expect(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size).toBe(1);
  expect(replies[0]?.status).toBe(201);
  expect(replies.filter((reply) => reply.headers.get('idempotency-replayed') === null)).toHaveLength(1);
  expect(await chargesOf(service.database.db, 'crowd')).toEqual({ charged: 1, calls: 1, taken: 100 });
});

test('while the processor is at work on a request, its repetitions wait and do not call it', async () => {
  const sandbox = createSandboxProcessor(service.database.db);
  const slow: CardProcessor = {
    ...sandbox,
    charge: async (request, signal) => {
      const outcome = await sandbox.charge(request, signal);
      await sleep(250);
      return outcome;
    },
  };
  const other = await startPaymentService({ processor: slow, beside: service });
  try {
    const request = { token: service.customer('patient crowd'), key: randomUUID(), body };
    const charges = () => chargesOf(service.database.db, 'patient crowd');
    const first = other.pay(request);
    await eventually('the processor was asked', async () => expect((await charges()).calls).toBe(1));
    // Half of the requests go to another replica.
    const others = Array.from({ length: 20 }, (_, index) => (index % 2 ? service : other).pay(request));
    const replies = await Promise.all([first, ...others]);

    expect(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size).toBe(1);
    expect(await charges()).toEqual({
      charged: 1,
      calls: 1,
      taken: 100,
    });
  } finally {
    await other.close();
  }
});

test('20 requests at once with one key and two bodies: one charge, and the other body is refused', async () => {
  const token = service.customer('mixed crowd');
  const key = randomUUID();
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      service.pay({ token, key, body: { ...body, card: { ...goodCard, cvc: `12${index % 2}` } } }),
    ),
  );
  expect(replies.filter((reply) => reply.status === 201)).toHaveLength(10);
  expect(replies.filter((reply) => reply.status === 422)).toHaveLength(10);
  expect(await chargesOf(service.database.db, 'mixed crowd')).toMatchObject({ charged: 1, calls: 1 });
});

test('a processor that never answers keeps nobody waiting for long: 202, or 409 with Retry-After', async () => {
  const never = () => new Promise<never>(() => undefined);
  const dead: CardProcessor = { charge: never, inquire: never, cancel: never, refund: never };
  const other = await startPaymentService({ processor: dead, env: { PROCESSOR_TIMEOUT_MS: '600' } });
  try {
    const request = { token: other.customer('unanswered'), key: randomUUID(), body };
    const replies = await Promise.all(Array.from({ length: 12 }, () => other.pay(request)));
    // On a busy machine each may get its turn: how many are still waiting when they may not wait longer is a matter of speed.
    const refused = replies.filter(({ status }) => status !== 202);
    expect(refused.length).toBeLessThan(replies.length);

    await other.database.db.execute(
      sql`update idempotency_keys set running_until = now() + interval '20 seconds'`,
    );
    for (const reply of [...refused, await other.pay(request)]) {
      expect([reply.status, reply.body.code]).toEqual([409, 'request_in_progress']);
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await rowCounts(other.database.db)).toMatchObject({ payments: 1, keys: 1 });
  } finally {
    await other.close();
  }
});

test('answered keys are forgotten after 24 hours and not before; unanswered ones never', async () => {
  const { db } = service.database;
  const token = service.customer('keeper');
  await service.pay({ token, key: 'answered', body });
  await service.pay({ token, key: 'open', body });
  await db.execute(sql`update idempotency_keys set answer_status = null, answer_body = null
    where resource_id = (select id from payments where subject = 'keeper' order by created_at desc limit 1)`);
  // Long ago, since no key is forgotten that is younger by Postgres' clock.
  await db.execute(sql`update idempotency_keys set created_at = created_at - interval '2 days',
    running_until = created_at - interval '2 days' where subject = 'keeper'`);
  const left = async () => {
    const { rows } = await db.execute(
      sql`select answer_status from idempotency_keys where subject = 'keeper'`,
    );
    return rows.map((row) => row['answer_status']).sort();
  };
  const { rows } = await db.execute<{ ms: string }>(sql`select extract(epoch from created_at) * 1000 as ms
    from idempotency_keys where subject = 'keeper' and answer_status is not null`);
  const createdAtMs = Math.round(Number(rows[0]?.ms));
  const forgetAtAge = (ms: number) => {
    const clock = () => createdAtMs + ms;
    return createIdempotencyStore({
      database: db,
      clock,
      newId: randomUUID,
      runMs: 1,
      waitMs: 1,
    }).forgetOld();
  };

  const day = 24 * 60 * 60 * 1000;
  await forgetAtAge(day);
  expect(await left()).toEqual([201, null]);
  expect(await forgetAtAge(day + 1)).toBeGreaterThan(0);
  expect(await left()).toEqual([null]);
});
