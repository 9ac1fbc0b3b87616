import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTestDatabase,
  lacksPgBouncer,
  startTestPgBouncer,
  startTestStandby,
  type TestPgBouncer,
  type TestStandby,
} from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openPaymentDatabase } from '../src/database/open-payment-database.ts';
import { createSandboxProcessor } from '../src/payments/sandbox-processor.ts';
import { chargesOf } from './ledger.ts';
import { euros, goodCard, type PaymentFixture, startPaymentService } from './payment-fixture.ts';

const price = 100;
const small = { DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 10_000 };
const makeBooks = async (url: string) => (await openPaymentDatabase({ ...small, DATABASE_URL: url })).close();

describe.skipIf(lacksPgBouncer)('a primary with a synchronous standby (skipped without PgBouncer)', () => {
  let servers: TestStandby;
  let pgBouncer: TestPgBouncer;
  /** An address that can move to another server. */
  let address: NetworkLink;
  let pooled: PaymentFixture;
  let unpooled: PaymentFixture;
  beforeAll(async () => {
    servers = await startTestStandby({ synchronous: true });
    pgBouncer = await startTestPgBouncer(servers.primaryUrl);
    address = await startNetworkLink(servers.primaryUrl);
    const env = { DATABASE_TIMEOUT_MS: '2000' };
    pooled = await startPaymentService({ databaseUrl: pgBouncer.urlOf(servers.primaryUrl), env });
    unpooled = await startPaymentService({ beside: pooled, env: { ...env, DATABASE_URL: address.url } });
  });
  afterAll(async () => {
    await unpooled?.close();
    await pooled?.close();
    await pgBouncer?.stop();
    await address?.close();
    await servers?.stop();
  });

  const pay = (service: PaymentFixture, subject: string, key: string) =>
    service.pay({ key, token: service.customer(subject), body: { amount: euros(price), card: goodCard } });
  const untilReady = (service: PaymentFixture) =>
    eventually('payment-service is ready', async () =>
      expect((await service.call('/ready')).status).toBe(200),
    );
  const untilPaid = (service: PaymentFixture, subject: string, key: string) =>
    eventually('the payment succeeds', async () =>
      expect((await pay(service, subject, key)).status).toBe(201),
    );

  test('the standby alone serves reads; writes are 503, and /ready says so, until the primary is there', async () => {
    // Until then it may not have published its key, for which it needs to write.
    await untilReady(pooled);
    await untilPaid(pooled, 'reader', randomUUID());
    pgBouncer.pointTo(servers.standbyUrl);
    await eventually('payment-service is not ready', async () =>
      expect((await pooled.call('/ready')).body).toMatchObject({ status: 503, failing: ['postgres'] }),
    );
    expect((await pooled.call('/payments', { token: pooled.customer('reader') })).body.payments).toHaveLength(
      1,
    );
    const refused = await pay(pooled, 'reader', randomUUID());
    expect([refused.status, refused.body.code]).toEqual([503, 'database_unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    pgBouncer.pointTo(servers.primaryUrl);
    await untilReady(pooled);
    await untilPaid(pooled, 'reader', randomUUID());
  });

  test('without its standby the primary acknowledges no payment, and afterwards none is doubled', async () => {
    await servers.stopStandby();
    const key = randomUUID();
    expect((await pay(unpooled, 'patient', key)).status).toBe(503);
    expect((await unpooled.call('/payments')).status).toBe(200);
    await servers.startStandby();
    await untilPaid(unpooled, 'patient', key);
    expect(await chargesOf(unpooled.database.db, 'patient')).toMatchObject({ charged: 1, taken: price });
  });

  test('the standby takes over while people pay: no payment is lost or doubled', async () => {
    const payers = [pooled, unpooled].flatMap((service) =>
      [1, 2, 3].map((number) => {
        const via = service === pooled ? 'PgBouncer' : 'the address';
        return { service, via, subject: `${via} ${number}`, paid: new Map<string, string>(), backAt: 0 };
      }),
    );
    const others: unknown[] = [];
    onTestFinished(() => {
      isOver = true;
    });
    let isOver = false;
    let promotedAt = 0;
    const paying = Promise.all(payers.map(pays));
    // Awaited below, unless something fails before.
    paying.catch(() => {});
    async function pays(payer: (typeof payers)[number]): Promise<void> {
      // Not without a pause, which would cost processor time and prove no more.
      for (; !isOver && others.length === 0; await sleep(200)) {
        const key = randomUUID();
        while (!payer.paid.has(key) && others.length === 0) {
          const { status, text } = await pay(payer.service, payer.subject, key);
          // 202: the processor's ledger, which is in the same database, did not answer.
          if (status !== 201 && status !== 202 && status !== 503) others.push([status, text]);
          if (status === 201) {
            payer.paid.set(key, text);
            if (promotedAt > 0 && payer.backAt === 0) payer.backAt = performance.now();
          } else await sleep(50);
        }
      }
    }
    await eventually('everybody has paid', () => {
      for (const { paid } of payers) expect(paid.size).toBeGreaterThan(1);
    });

    // The address' machine vanishes without a word; PgBouncer's connections break.
    const failedAt = performance.now();
    address.silence();
    await servers.killPrimary();
    await servers.promote();
    pgBouncer.pointTo(servers.standbyUrl);
    await address.restore(servers.standbyUrl);
    promotedAt = performance.now();
    await eventually('everybody pays again', () => {
      for (const { backAt } of payers) expect(backAt).toBeGreaterThan(0);
    });
    for (const via of ['PgBouncer', 'the address']) {
      const lastAt = Math.max(...payers.filter((payer) => payer.via === via).map(({ backAt }) => backAt));
      const seconds = ((lastAt - failedAt) / 1000).toFixed(1);
      console.log(`Through ${via}: everybody pays again ${seconds} s after the end of the primary`);
    }
    isOver = true;
    await paying;

    expect(others).toEqual([]);
    for (const { service, subject, paid } of payers) {
      expect(await chargesOf(service.database.db, subject)).toMatchObject({
        charged: paid.size,
        taken: paid.size * price,
      });
      const [[key = '', answer] = []] = paid;
      expect((await pay(service, subject, key)).text).toBe(answer);
    }
    for (const service of [pooled, unpooled]) await untilReady(service);
  });
});

test('a standby that is not synchronous may lack acknowledged payments: repeated, they are charged once more', async () => {
  const servers = await startTestStandby({ synchronous: false });
  const address = await startNetworkLink(servers.primaryUrl);
  // The processor keeps its books elsewhere.
  const books = await createTestDatabase({ filledBy: makeBooks });
  const processor = await openPaymentDatabase({ ...small, DATABASE_URL: books.url });
  const service = await startPaymentService({
    databaseUrl: address.url,
    processor: createSandboxProcessor(processor.db),
  });
  onTestFinished(async () => {
    await service.close();
    await processor.close();
    await Promise.all([books.drop(), address.close(), servers.stop()]);
  });
  const pay = (key: string) => service.pay({ key, body: { amount: euros(price), card: goodCard } });
  const kept = await pay('kept');
  await eventually('the standby has the payment', async () =>
    expect(await servers.query(servers.standbyUrl, 'select id from payments')).toEqual([
      { id: kept.body.id },
    ]),
  );
  await servers.stopStandby();
  const lost = await pay('lost');
  expect([kept.status, lost.status]).toEqual([201, 201]);

  await address.cut();
  await servers.killPrimary();
  await servers.startStandby();
  await servers.promote();
  await address.restore(servers.standbyUrl);
  expect((await service.call(`/payments/${lost.body.id}`)).status).toBe(404);
  expect((await pay('kept')).text).toBe(kept.text);
  const again = await pay('lost');
  expect(again.status).toBe(201);
  expect(again.body.id).not.toBe(lost.body.id);
  const { rows } = await processor.db.execute(
    "select reference from sandbox_ledger where outcome = 'succeeded'",
  );
  expect(rows).toHaveLength(3);
});
