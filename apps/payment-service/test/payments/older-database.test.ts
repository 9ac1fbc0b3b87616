import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPaymentDatabase } from '../../src/database/open-payment-database.ts';
import { createSandboxProcessor } from '../../src/payments/sandbox-processor.ts';
import { type PaymentFixture, startPaymentService } from '../payment-fixture.ts';
import { buyerAt } from './buyer.ts';

type TestDatabase = Awaited<ReturnType<typeof createTestDatabase>>;

/** The processor keeps its books elsewhere: no restore of ours changes them. */
let books: TestDatabase;
let processorDatabase: Awaited<ReturnType<typeof openPaymentDatabase>>;
let database: TestDatabase;
let service: PaymentFixture;
const open = (url: string) =>
  openPaymentDatabase({ DATABASE_URL: url, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 10_000 });
const start = () =>
  startPaymentService({ databaseUrl: database.url, processor: createSandboxProcessor(processorDatabase.db) });
beforeAll(async () => {
  [books, database] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  processorDatabase = await open(books.url);
  service = await start();
});
afterAll(async () => {
  await service.close();
  await processorDatabase.close();
  await Promise.all([books.drop(), database.drop()]);
});

async function referencesAtProcessor(): Promise<string[]> {
  const { rows } = await processorDatabase.db.execute<{ reference: string }>(
    "select reference from sandbox_ledger where outcome = 'succeeded'",
  );
  return rows.map(({ reference }) => reference);
}

test('a database of yesterday lacks payments that the processor charged: its list names them, and a repetition charges again', async () => {
  const before = buyerAt(service, 'ada', 100);
  const kept = (await before.pay(100)).body.id;
  await service.close();
  const restore = await database.backUp();
  service = await start();
  const buyer = buyerAt(service, 'ada', 200);
  const paid = await buyer.pay(200, { key: 'of-today' });
  expect(paid.status, paid.text).toBe(201);
  const lost = paid.body.id;
  expect(await referencesAtProcessor()).toEqual(expect.arrayContaining([kept, lost]));
  await service.close();
  await restore();
  service = await start();

  const afterwards = buyerAt(service, 'ada', 200);
  expect((await afterwards.read(kept)).body).toMatchObject({ id: kept, status: 'succeeded' });
  expect((await afterwards.read(lost)).status).toBe(404);
  // Reconciling: what the processor has charged and we do not know.
  const known = (await afterwards.list()).map(({ id }) => id);
  expect((await referencesAtProcessor()).filter((reference) => !known.includes(reference))).toEqual([lost]);

  // Why payments stay closed until then: the key of the request is as unknown as its payment.
  const again = await afterwards.pay(200, { key: 'of-today' });
  expect(again.status).toBe(201);
  expect(again.body.id).not.toBe(lost);
  expect(await referencesAtProcessor()).toHaveLength(3);
});
