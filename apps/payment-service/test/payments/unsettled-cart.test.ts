import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, it } from 'vitest';
import { chargesOf } from '../ledger.ts';
import { euros, impatient, startPaymentService } from '../payment-fixture.ts';
import { unreachable } from '../test-carts.ts';
import { buyerAt, late } from './buyer.ts';

const service = await forThisFile(startPaymentService());
/** For a card whose processor does not answer. */
const silent = await forThisFile(startPaymentService({ beside: service, env: impatient }));
afterEach(() => service.carts.healthy());

const buyer = (subject: string, ...amounts: number[]) => buyerAt(service, subject, ...amounts);
const charges = (subject: string) => chargesOf(service.database.db, subject);

describe('while the cart cannot be reached', () => {
  it.each(['before', 'after'] as const)(
    'a claim that fails %s it arrives: nothing is charged, and a repetition pays',
    async (when) => {
      const subject = `claims, and fails ${when}`;
      const { pay, list } = buyer(subject, 100);
      service.carts[when]((step) => (step === 'claim' ? Promise.reject(unreachable()) : undefined));
      const first = await pay(100, { key: 'k' });
      expect([first.status, first.body.code]).toEqual([503, 'hop_unavailable']);
      expect(await charges(subject)).toMatchObject({ charged: 0, calls: 0 });
      // The run has ended, so no one waits for the answer.
      const { rows } = await service.database.db.execute(
        sql`select running_until from idempotency_keys where subject = ${subject} and running_until > now()`,
      );
      expect(rows).toEqual([]);
      service.carts.healthy();
      const second = await pay(100, { key: 'k' });
      expect([second.status, second.body.status]).toEqual([201, 'succeeded']);
      expect(await list()).toHaveLength(1);
    },
  );

  it.each(['before', 'after'] as const)(
    'a completion that fails %s it arrives: 202 says that the money was taken; a repetition completes',
    async (when) => {
      const subject = `completes, and fails ${when}`;
      const { pay } = buyer(subject, 100);
      service.carts[when]((step) => (step === 'complete' ? Promise.reject(unreachable()) : undefined));
      const first = await pay(100, { key: 'k' });
      expect([first.status, first.body.status, first.body.cart_settled]).toEqual([202, 'succeeded', false]);
      const told = service
        .logs()
        .split('\n')
        .filter((line) => line.includes(String(first.body.id)));
      expect(told.join()).toContain('the cart could not be settled yet');
      service.carts.healthy();
      const second = await pay(100, { key: 'k' });
      const third = await pay(100, { key: 'k' });
      expect([second.status, second.body.cart_settled]).toEqual([201, true]);
      expect(third.text).toBe(second.text);
      expect(service.carts.amountsIn(subject)).toEqual([]);
      expect(await charges(subject)).toEqual({ charged: 1, calls: 1, taken: 100 });
    },
  );

  it('a charged payment is completed by its buyer’s next one', async () => {
    const { pay, read } = buyer('comes back', 100);
    service.carts.before((step) => (step === 'complete' ? Promise.reject(unreachable()) : undefined));
    const first = await pay(100);
    service.carts.put('comes back', euros(30));
    expect((await pay(130)).status).toBe(503);
    service.carts.healthy();
    expect((await pay(30)).status).toBe(201);
    expect((await read(first.body.id)).body.cart_settled).toBe(true);
    expect(await charges('comes back')).toMatchObject({ charged: 2, taken: 130 });
    expect(service.carts.amountsIn('comes back')).toEqual([]);
  });

  it('a release that fails is repeated as well', async () => {
    const { pay } = buyer('declined', 100);
    service.carts.before((step) => (step === 'release' ? Promise.reject(unreachable()) : undefined));
    const first = await pay(100, { key: 'k', number: '4000000000000002' });
    expect([first.status, first.body.status, first.body.cart_settled]).toEqual([202, 'declined', false]);
    service.carts.healthy();
    expect((await pay(100)).status).toBe(201);
    expect(service.carts.statusesOf('declined').sort()).toEqual(['completed', 'released']);
  });
});

describe('reading a payment', () => {
  async function unsettled(subject: string) {
    const { pay, read } = buyer(subject, 100);
    service.carts.before((step) => (step === 'complete' ? Promise.reject(unreachable()) : undefined));
    const { body } = await pay(100);
    return { id: body.id, read };
  }

  it('settles the buyer’s cart', async () => {
    const { id, read } = await unsettled('looks');
    expect((await read(id)).body).toMatchObject({ status: 'succeeded', cart_settled: false });
    service.carts.healthy();
    expect((await read(id)).body).toMatchObject({ status: 'succeeded', cart_settled: true });
    expect(service.carts.amountsIn('looks')).toEqual([]);
  });

  it('asks the processor and then settles, when the verdict was open', async () => {
    const { pay, read } = buyer('looks and asks', 100);
    const { body } = await pay(100, { number: late, from: silent });
    expect((await read(body.id)).body).toMatchObject({ status: 'succeeded', cart_settled: true });
    expect(service.carts.amountsIn('looks and asks')).toEqual([]);
  });

  it.each([
    ['support', () => service.support('sam')],
    [
      'its buyer with payment:read alone',
      () => service.issuer.mint({ subject: 'looks', scope: 'payment:read' }),
    ],
  ])('by %s leaves the cart alone', async (_who, token) => {
    const { id, read } = await unsettled('looks');
    service.carts.healthy();
    service.carts.calls.splice(0);
    const reply = await service.call(`/payments/${id}`, { token: token() });
    expect([reply.status, reply.body.cart_settled]).toEqual([200, false]);
    expect(service.carts.calls).toEqual([]);
    await read(id);
    expect(service.carts.calls).toEqual(['complete']);
  });
});

it('a slow run of a refused request does not answer for the next request with its key', async () => {
  const { pay } = buyer('slow', 50);
  let release = 0;
  const overtaken = Promise.withResolvers<void>();
  service.carts.before(async (step) => {
    if (step === 'release' && release++ === 0) await overtaken.promise;
  });
  const slow = pay(100, { key: 'k' });
  await eventually('the first release waits', () => expect(release).toBe(1));
  await service.database.db.execute(
    sql`update idempotency_keys set running_until = now() where subject = 'slow'`,
  );
  const second = await pay(100, { key: 'k' });
  overtaken.resolve();
  expect([(await slow).status, second.status]).toEqual([409, 201]);
  expect(second.body).toMatchObject({ status: 'declined', decline_reason: 'cancelled' });
  expect((await pay(100, { key: 'k' })).text).toBe(second.text);
  expect(await charges('slow')).toMatchObject({ charged: 0 });
});
