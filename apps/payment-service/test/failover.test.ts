import { randomUUID } from 'node:crypto';
import {
  lacksPgBouncer,
  startTestPgBouncer,
  startTestStandby,
  type TestPgBouncer,
  type TestStandby,
} from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chargesOf } from './ledger.ts';
import { euros, goodCard, type PaymentFixture, startPaymentService } from './payment-fixture.ts';

const price = 100;

describe.skipIf(lacksPgBouncer)('a primary with a synchronous standby (skipped without PgBouncer)', () => {
  let servers: TestStandby;
  let pgBouncer: TestPgBouncer;
  /** An address that can move to another server. */
  let address: NetworkLink;
  let pooled: PaymentFixture;
  let unpooled: PaymentFixture;
  beforeAll(async () => {
    servers = await startTestStandby({ synchronous: true });
    await servers.query(servers.primaryUrl, "alter role latchkey set statement_timeout = '5s'");
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
    const key = randomUUID();
    expect((await pay(pooled, 'reader', key)).status).toBe(201);
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
        return { service, via, subject: `${via} ${number}`, paid: new Map<string, string>(), paidAt: 0 };
      }),
    );
    const others: unknown[] = [];
    onTestFinished(() => {
      isOver = true;
    });
    let isOver = false;
    const paying = payers.map(async (payer) => {
      while (!isOver && others.length === 0) {
        const key = randomUUID();
        while (!payer.paid.has(key) && others.length === 0) {
          const { status, text } = await pay(payer.service, payer.subject, key);
          // 202: the processor's ledger, which is in the same database, did not answer.
          if (status !== 201 && status !== 202 && status !== 503) others.push([status, text]);
          if (status === 201) {
            payer.paid.set(key, text);
            payer.paidAt = performance.now();
          }
        }
      }
    });
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
    const promotedAt = performance.now();
    await eventually('everybody pays again', () => {
      for (const { paidAt } of payers) expect(paidAt).toBeGreaterThan(promotedAt);
    });
    for (const via of ['PgBouncer', 'the address']) {
      const lastAt = Math.max(...payers.filter((payer) => payer.via === via).map(({ paidAt }) => paidAt));
      console.log(
        `Through ${via}: everybody pays again ${((lastAt - failedAt) / 1000).toFixed(1)} s after the primary's end`,
      );
    }
    isOver = true;
    await Promise.all(paying);

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
