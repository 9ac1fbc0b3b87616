import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '@latchkey/dev-stack';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startForwarder } from './forwarder.ts';
import { chargesOf } from './ledger.ts';
import { euros, goodCard, type PaymentFixture, startPaymentService } from './payment-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'latchkey-payment-outage-'));
let postgres: Postgres;
let forwarder: Awaited<ReturnType<typeof startForwarder>>;
let service: PaymentFixture;

async function start(): Promise<URL> {
  postgres = await startPostgres({ directory, durable: true, temporary: true });
  const url = new URL(await postgres.createDatabase('payments'));
  forwarder.forwardTo(Number(url.port));
  return url;
}

beforeAll(async () => {
  forwarder = await startForwarder();
  const url = await start();
  url.port = String(forwarder.port);
  service = await startPaymentService({ databaseUrl: url.href });
});
afterAll(async () => {
  await service?.close();
  forwarder.close();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

// A person pays for one cart at a time, so each key belongs to another person.
const pay = (key: string) =>
  service.pay({ key, token: service.customer(key), body: { amount: euros(100), card: goodCard } });

/**
 * On a busy machine 202 may mean that the processor was too slow, and 503 that no connection became free. The test
 * then repeats the request.
 */
async function untilDecided(request: () => ReturnType<typeof pay>): ReturnType<typeof pay> {
  for (;;) {
    const reply = await request();
    if (reply.status !== 202 && reply.status !== 503) return reply;
  }
}

test('while Postgres is gone every route answers 503 with Retry-After; when it is back so are they', async () => {
  const before = await pay('before');
  const id = before.body.id ?? '';
  const flood = Array.from({ length: 30 }, () => {
    const key = randomUUID();
    return { key, reply: pay(key) };
  });
  await postgres.kill();
  forwarder.forwardTo(undefined);

  // Postgres was killed meanwhile. Each request was answered or told of the outage, and nothing else.
  for (const { reply } of flood) expect([201, 503]).toContain((await reply).status);
  for (const ask of [
    () => pay('during'),
    () => service.call('/payments'),
    () => service.call(`/payments/${id}`),
    () => service.refund(id),
  ]) {
    const { status, body, headers } = await ask();
    expect([status, body.code]).toEqual([503, 'database_unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await service.call('/ready')).status).toBe(503);
  expect((await service.call('/live')).status).toBe(200);

  await start();
  // The service finds the broken connections one by one, and may have to wait for new ones.
  await eventually('payment-service is ready', async () =>
    expect((await service.call('/ready')).status).toBe(200),
  );
  expect((await untilDecided(() => pay('before'))).text).toBe(before.text);
  expect((await untilDecided(() => pay('during'))).status).toBe(201);

  const repeated = await Promise.all(flood.map(({ key }) => untilDecided(() => pay(key))));
  expect(new Set(repeated.map(({ status }) => status))).toEqual(new Set([201]));
  // One charge for each key, however far its first request had come.
  for (const key of ['before', 'during', ...flood.map(({ key }) => key)]) {
    expect(await chargesOf(service.database.db, key)).toMatchObject({ charged: 1, taken: 100 });
  }
});
