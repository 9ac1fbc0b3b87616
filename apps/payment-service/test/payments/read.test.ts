import { randomUUID } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { PaymentBody } from '../../src/payments/schemas.ts';
import { euros, goodCard, startPaymentService } from '../payment-fixture.ts';

// Tests advance this clock, so that some payments share a millisecond.
let now = Date.UTC(2030, 0, 1);
const service = await forThisFile(startPaymentService({ clock: () => now }));

async function makePayments(subject: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    if (index % 3 === 0) now += 1;
    const { body } = await service.pay({
      token: service.customer(subject),
      body: { amount: euros(1 + index), card: goodCard },
    });
    ids.push(body.id ?? '');
  }
  return ids;
}

async function page(subject: string, query: string) {
  const reply = await service.call(`/payments${query}`, { token: service.customer(subject) });
  expect(reply.status).toBe(200);
  return { payments: reply.body.payments ?? [], cursor: reply.body.next_cursor };
}

async function turnPages(
  subject: string,
  limit: number,
  between: () => Promise<unknown> = async () => undefined,
) {
  const seen: PaymentBody[] = [];
  for (let query = `?limit=${limit}`; ; ) {
    const { payments, cursor } = await page(subject, query);
    seen.push(...payments);
    if (cursor === undefined) return seen;
    expect(payments).toHaveLength(limit);
    query = `?limit=${limit}&cursor=${cursor}`;
    await between();
  }
}

test('pages give each payment once, newest first, whatever their size', async () => {
  const ids = await makePayments('ada', 23);
  for (const limit of [1, 2, 5, 22, 23, 24, 100]) {
    const seen = await turnPages('ada', limit);
    expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(ids));
    expect(seen).toHaveLength(23);
    const instants = seen.map((payment) => payment.created_at);
    expect(instants).toEqual([...instants].sort().reverse());
  }
});

test('payments made between two pages neither repeat nor push out any', async () => {
  const ids = await makePayments('bob', 10);
  const seen = await turnPages('bob', 3, () => makePayments('bob', 1));
  expect(seen.map(({ id }) => id).sort()).toEqual(ids.sort());
});

test('a page holds 20 unless told otherwise, and a person without payments has an empty one', async () => {
  await makePayments('carol', 21);
  expect((await page('carol', '')).payments).toHaveLength(20);
  expect(await page('nobody', '')).toEqual({ payments: [], cursor: undefined });
});

test.each([
  'limit=0',
  'limit=101',
  'limit=1.5',
  'limit=x',
  'limit=-1',
  'cursor=x',
  'cursor=',
  `cursor=${'x'.repeat(201)}`,
])('GET /payments?%s is refused', async (query) => {
  const reply = await service.call(`/payments?${query}`);
  expect(reply.status).toBe(400);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('a list contains only the caller’s own payments, for support too, and another person’s cursor shows none of theirs', async () => {
  await makePayments('dora', 3);
  const { cursor } = await page('dora', '?limit=1');
  expect((await page('eve', `?cursor=${cursor}`)).payments).toEqual([]);
  const support = await service.call('/payments', { token: service.support('sam') });
  expect(support.body.payments).toEqual([]);
});

test('somebody else’s payment, an unknown one and nonsense get the same answer', async () => {
  const [id] = await makePayments('fay', 1);
  const token = service.customer('gil');
  const replies = await Promise.all(
    [id, randomUUID(), 'nonsense', '%00', "'--", 'x'.repeat(100), id?.toUpperCase()].map((text) =>
      service.call(`/payments/${text}`, { token, headers: { 'x-request-id': 'the-same-request' } }),
    ),
  );
  expect(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size).toBe(1);
  expect([replies[0]?.status, replies[0]?.body.code]).toEqual([404, 'payment_not_found']);
});

test.each([
  ['payment:read payment:refund', 200],
  ['payment:refund', 200],
  ['payment:read', 404],
])('somebody else’s payment, with %s: %d', async (scope, status) => {
  const [id] = await makePayments('hal', 1);
  const reply = await service.call(`/payments/${id}`, {
    token: service.issuer.mint({ subject: 'sam', scope }),
  });
  expect(reply.status).toBe(status);
});

test('a page is found by the index, without sorting', async () => {
  // Otherwise Postgres would scan so small a table.
  const plan = await service.database.db.transaction(async (transaction) => {
    await transaction.execute(sql`set local enable_seqscan = off`);
    await transaction.execute(sql`set local enable_bitmapscan = off`);
    const { rows } = await transaction.execute(sql`explain select * from payments
      where subject = 'ada' and (created_at, id) < (now(), ${randomUUID()}::uuid) order by created_at desc, id desc limit 20`);
    return JSON.stringify(rows);
  });
  expect(plan).toContain('Index Scan Backward using payments_of_subject');
  expect(plan).not.toContain('Sort');
});
