import { createHash, randomUUID } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { CardProcessor } from '../src/payments/processor.ts';
import { createSandboxProcessor } from '../src/payments/sandbox-processor.ts';
import { card, euros, impatient, startPaymentService } from './payment-fixture.ts';

const service = await forThisFile(startPaymentService());
const silent = await forThisFile(startPaymentService({ beside: service, env: impatient }));
/** The processor does not answer. */
const late = '4000000000000119';

// An unusual cvc, which does not occur by chance.
const secrets = (number: string) => ({ ...card(number), cvc: '9137' });
const numbers = ['4242424242424242', '4000000000000002', late, '378282246310005', '4242424242424241'];

/** Every row of every table, as text. */
async function everythingStored(): Promise<string> {
  const { db } = service.database;
  const { rows } = await db.execute<{ name: string }>(
    sql`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  expect(rows.map(({ name }) => name)).toContain('public.idempotency_keys');
  const tables = rows.map(async ({ name }) => db.execute(sql`select t::text as row from ${sql.raw(name)} t`));
  return JSON.stringify((await Promise.all(tables)).map((result) => result.rows));
}

test('no card number, no cvc and no token is in the database, in the logs or in an answer', async () => {
  const [token, supportToken] = [service.customer(), service.support()];
  const answers: string[] = [];
  for (const number of numbers) {
    const request = { token, key: randomUUID(), body: { amount: euros(100), card: secrets(number) } };
    const { body, text } = await (number === late ? silent : service).pay(request);
    answers.push(text, (await service.pay(request)).text);
    answers.push((await service.pay({ ...request, body: { ...request.body, amount: euros(101) } })).text);
    if (body.id) answers.push((await service.refund(body.id, { token: supportToken })).text);
  }
  for (const broken of [
    { amount: euros(100), card: { ...secrets('4242424242424242'), number: 4242424242424242 } },
    { amount: euros(-1), card: secrets('4242424242424242') },
    { amount: euros(1), card: { ...secrets('4242424242424242'), exp_year: 2001 } },
    `{"card":{"number":"4242424242424242","cvc":"9137"`,
  ]) {
    const { status, text } = await service.pay({ token, body: broken });
    expect(status).toBeGreaterThanOrEqual(400);
    answers.push(text);
  }
  const faulty: CardProcessor = {
    ...createSandboxProcessor(service.database.db),
    charge: async () => {
      throw new Error('out of order');
    },
  };
  const other = await startPaymentService({
    processor: faulty,
    beside: service,
  });
  const failed = await other.pay({ body: { amount: euros(100), card: secrets('4242424242424242') } });
  expect(failed.status).toBe(500);
  const logs = service.logs() + silent.logs() + other.logs();
  await other.close();

  expect(logs).toContain('payment answered');
  expect(logs).toContain('out of order');
  const places = { database: await everythingStored(), logs, answers: answers.join('\n') + failed.text };
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, place).toBeGreaterThan(1000);
    for (const secret of [...numbers, ...[token, supportToken].flatMap((one) => one.split('.').slice(1))]) {
      expect(text.includes(secret), `${place} holds ${secret}`).toBe(false);
    }
    // cvc and expiry year are short enough to occur by chance in an id or a digest.
    expect(text, place).not.toMatch(/(?<![\w-])(9137|2090)(?![\w-])/);
  }
});

test('neither the Idempotency-Key nor a plain hash of the card is stored', async () => {
  const body = { amount: euros(100), card: secrets('4242424242424242') };
  await service.pay({ key: 'a-key-to-be-looked-for', body });
  const stored = await everythingStored();
  const hashes = ['4242424242424242', JSON.stringify(body), JSON.stringify(body.card)].flatMap((text) =>
    (['hex', 'base64', 'base64url'] as const).map((encoding) =>
      createHash('sha256').update(text).digest(encoding),
    ),
  );
  for (const text of ['a-key-to-be-looked-for', ...hashes]) expect(stored).not.toContain(text);
});
