import { randomUUID } from 'node:crypto';
import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { chargesOf } from '../ledger.ts';
import { type Call, card, euros, impatient, startPaymentService } from '../payment-fixture.ts';

const service = await forThisFile(startPaymentService());
const silent = await forThisFile(startPaymentService({ beside: service, env: impatient }));

/** Pays where the processor stays silent, and waits until it has recorded the charge. */
async function payUnanswered(subject: string, request: Call) {
  const reply = await silent.pay(request);
  await eventually('the processor has recorded the charge', async () =>
    expect(await chargesOf(service.database.db, subject)).toMatchObject({ calls: 1 }),
  );
  return reply;
}

const outcomes = [
  ['4000000000000119', 'succeeded', undefined, 1],
  ['4000000000000127', 'declined', 'card_declined', 0],
] as const;

test.each(outcomes)(
  'card %s: unknown within the time limit, and %s when the request is repeated',
  async (number, verdict, reason, charged) => {
    const subject = `repeats ${number}`;
    const request = {
      token: service.customer(subject),
      key: randomUUID(),
      body: { amount: euros(700), card: card(number) },
    };
    const started = performance.now();
    const first = await payUnanswered(subject, request);
    const tookMs = performance.now() - started;
    const second = await service.pay(request);
    const third = await service.pay(request);

    expect([first.status, first.body.status, first.headers.get('location')]).toEqual([
      202,
      'unknown',
      `/payments/${first.body.id}`,
    ]);
    expect(tookMs).toBeGreaterThanOrEqual(Number(impatient.PROCESSOR_TIMEOUT_MS) - 5);
    expect(second.status).toBe(201);
    expect(second.body).toMatchObject({ id: first.body.id, status: verdict });
    expect(second.body.decline_reason).toBe(reason);
    expect([third.status, third.text, third.headers.get('idempotency-replayed')]).toEqual([
      201,
      second.text,
      'true',
    ]);
    expect(await chargesOf(service.database.db, subject)).toMatchObject({ charged, calls: 2 });
  },
);

test.each(outcomes)(
  'card %s: reading the payment finds out that it %s, and asks no card for it',
  async (number, verdict, reason, charged) => {
    const subject = `reads ${number}`;
    const token = service.customer(subject);
    const request = { token, key: randomUUID(), body: { amount: euros(700), card: card(number) } };
    const { body: unknown } = await payUnanswered(subject, request);
    const read = await service.call(`/payments/${unknown.id}`, { token });
    const again = await service.pay(request);

    expect([read.status, read.body.status, read.body.decline_reason]).toEqual([200, verdict, reason]);
    expect([again.status, again.text]).toEqual([201, read.text]);
    expect(await chargesOf(service.database.db, subject)).toMatchObject({ charged, calls: 1 });
  },
);

test('ten repetitions and ten readings at once agree, and charge once', async () => {
  const token = service.customer('crowd');
  const request = { token, key: randomUUID(), body: { amount: euros(700), card: card('4000000000000119') } };
  const { body } = await payUnanswered('crowd', request);
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 ? service.pay(request) : service.call(`/payments/${body.id}`, { token }),
    ),
  );
  expect(new Set(replies.map((reply) => reply.body.status))).toEqual(new Set(['succeeded']));
  expect(await chargesOf(service.database.db, 'crowd')).toMatchObject({ charged: 1 });
});

test('a payment that never reached the processor stays open for its request to be repeated', async () => {
  const token = service.customer('cut off');
  const request = { token, key: randomUUID(), body: { amount: euros(700), card: card('4242424242424242') } };
  const { body } = await service.pay(request);
  // The state that a crash before the charge left long ago.
  await service.database.db.execute(sql`delete from sandbox_ledger where reference = ${body.id}`);
  await service.database.db.execute(
    sql`update payments set status = 'pending', created_at = created_at - interval '1 hour' where id = ${body.id}`,
  );
  await service.database.db.execute(
    sql`update idempotency_keys set answer_status = null, running_until = now() where resource_id = ${body.id}`,
  );

  expect((await service.call(`/payments/${body.id}`, { token })).body.status).toBe('pending');
  const repeated = await service.pay(request);
  expect([repeated.status, repeated.body.id, repeated.body.status]).toEqual([201, body.id, 'succeeded']);
  expect(await chargesOf(service.database.db, 'cut off')).toMatchObject({ charged: 1, calls: 1 });
});

test('reading asks the processor for a payment that seems to come from the future: a clock was ahead', async () => {
  const token = service.customer('from the future');
  const { body } = await service.pay({ token, body: { amount: euros(700), card: card('4242424242424242') } });
  // The state that a crash after the charge left.
  await service.database.db.execute(
    sql`update payments set status = 'pending', created_at = now() + interval '1 hour' where id = ${body.id}`,
  );
  expect((await service.call(`/payments/${body.id}`, { token })).body.status).toBe('succeeded');
});
