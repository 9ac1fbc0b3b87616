import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { refundsOf } from '../ledger.ts';
import { callsTo, euros, goodCard, startPaymentService } from '../payment-fixture.ts';

/** The restarted service, which gets the repeated requests. */
const survivor = await forThisFile(startPaymentService());

const program = fileURLToPath(new URL('./doomed-service.ts', import.meta.url));

type Message = { address?: { port: number }; statements?: number };

/** Kills a service before the n-th statement of one request. True when the request had no n-th statement. */
async function dieBefore(statement: number, request: (url: string) => Promise<unknown>): Promise<boolean> {
  const child = fork(program, {
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: process.env['NODE_OPTIONS'],
      ...survivor.env,
      LOG_LEVEL: 'silent',
      REVOCATIONS_TOKEN: await survivor.issuer.revocations.accessToken(),
      DIES_BEFORE_STATEMENT: String(statement),
    },
  });
  try {
    let wasLast = false;
    child.on('message', ({ statements }: Message) => {
      wasLast = statements !== undefined;
    });
    const url = await addressOf(child);
    const dead = once(child, 'exit');
    await expect(request(url)).rejects.toThrow('fetch failed');
    expect(await dead).toEqual([null, 'SIGKILL']);
    return wasLast;
  } finally {
    child.kill('SIGKILL');
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
    Message | number | null,
  ];
  const port = typeof message === 'object' ? message?.address?.port : undefined;
  if (port === undefined) throw new Error(`the service did not start: ${JSON.stringify(message)}`);
  return `http://127.0.0.1:${port}`;
}

/** Tries every statement, a few at a time, until one is past the end. Returns the number of deaths. */
async function atEveryStep(atStep: (statement: number) => Promise<boolean>): Promise<number> {
  const together = 10;
  for (let first = 1; ; first += together) {
    const ended = await Promise.all(Array.from({ length: together }, (_, index) => atStep(first + index)));
    const end = ended.indexOf(true);
    if (end !== -1) return first + end;
  }
}

const statusOf = async (id: string) => {
  const { rows } = await survivor.database.db.execute(sql`select status from payments where id = ${id}`);
  return rows[0]?.['status'];
};

/** The repeated request would wait for as long as the first one may have needed. */
const endRunOf = (subject: string) =>
  survivor.database.db.execute(
    sql`update idempotency_keys set running_until = now() where subject = ${subject}`,
  );

// A payment needs a real cart that outlives it: e2e/test/checkout.test.ts kills the service at each of its steps.
test('killed at any step and repeated, a refund gives back once', async () => {
  const deaths = await atEveryStep(async (statement) => {
    const { body: payment } = await survivor.pay({
      token: survivor.customer(`payer ${statement}`),
      body: { amount: euros(1000), card: goodCard },
    });
    const id = payment.id ?? '';
    const subject = `support ${statement}`;
    const token = survivor.support(subject);
    const request = { token, key: `refund-${statement}`, body: { amount: euros(400) } };

    const wasLast = await dieBefore(statement, (url) => callsTo(url, survivor).refund(id, request));
    await endRunOf(subject);
    const repeated = await survivor.refund(id, request);
    const rest = await survivor.refund(id);

    expect([repeated.status, repeated.body.status], `killed before statement ${statement}`).toEqual([
      201,
      'succeeded',
    ]);
    expect([rest.status, rest.body.amount]).toEqual([201, euros(600)]);
    expect(await refundsOf(survivor.database.db, id)).toEqual([400, 600]);
    expect(await statusOf(id)).toBe('refunded');
    return wasLast;
  });
  // Reserve (2), read, refund (2), record (2), read, keep the answer, send it.
  expect(deaths).toBe(10);
});
