import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, it } from 'vitest';
import type { CardProcessor } from '../../src/payments/processor.ts';
import { createSandboxProcessor } from '../../src/payments/sandbox-processor.ts';
import { chargesOf, rowCounts } from '../ledger.ts';
import { euros, goodCard, impatient, startPaymentService } from '../payment-fixture.ts';
import { unreachable } from '../test-carts.ts';
import { buyerAt, late } from './buyer.ts';

const service = await forThisFile(startPaymentService());
/** For cards whose processor does not answer. */
const silent = await forThisFile(startPaymentService({ beside: service, env: impatient }));
afterEach(() => service.carts.healthy());

const buyer = (subject: string, ...amounts: number[]) => buyerAt(service, subject, ...amounts);
const charges = (subject: string) => chargesOf(service.database.db, subject);

describe('a payment', () => {
  it('charges what the cart costs, and removes the paid items', async () => {
    const ada = buyer('ada', 1500, 499);
    service.carts.after((step) => (step === 'claim' ? service.carts.put('ada', euros(7)) : undefined));
    service.carts.calls.splice(0);
    const { status, body } = await ada.pay(1999);
    expect([status, body.status, body.cart_settled]).toEqual([201, 'succeeded', true]);
    // The payment does not cover what was added meanwhile.
    expect(service.carts.amountsIn('ada')).toEqual([7]);
    expect(service.carts.calls.splice(0)).toEqual(['claim', 'complete']);
    expect(await charges('ada')).toEqual({ charged: 1, calls: 1, taken: 1999 });
  });

  it('that is declined leaves the cart as it was, to be paid with another card', async () => {
    const bea = buyer('bea', 100);
    const declined = await bea.pay(100, { number: '4000000000000002' });
    expect([declined.status, declined.body.status, declined.body.cart_settled]).toEqual([
      201,
      'declined',
      true,
    ]);
    expect(service.carts.amountsIn('bea')).toEqual([100]);
    expect((await bea.pay(100)).body.status).toBe('succeeded');
    expect(service.carts.amountsIn('bea')).toEqual([]);
  });

  it.each([
    ['more', euros(101)],
    ['less', euros(99)],
    ['another currency', { amount: 100, currency: 'USD' }],
  ])(
    'of %s than the cart costs is refused, leaves nothing behind, and its key is free',
    async (what, price) => {
      const subject = `agreed to ${what}`;
      const { token, pay } = buyer(subject, 100);
      const before = await rowCounts(service.database.db);
      const body = { amount: price, card: goodCard };
      const refused = await service.pay({ token, key: 'k', body, cart: 'as it is' });
      expect([refused.status, refused.body.code]).toEqual([409, 'cart_changed']);
      // The processor records that it must never charge this reference.
      expect(await rowCounts(service.database.db)).toEqual({
        ...before,
        ledger: Number(before?.['ledger']) + 1,
      });
      expect(service.carts.statusesOf(subject)).toEqual(['released']);
      expect((await pay(100, { key: 'k' })).status).toBe(201);
      expect(await charges(subject)).toMatchObject({ charged: 1, taken: 100 });
    },
  );

  it('for an empty cart is refused, leaves nothing behind, and its key is free', async () => {
    const cal = buyer('cal');
    const refused = await cal.pay(100, { key: 'k' });
    expect([refused.status, refused.body.code]).toEqual([409, 'cart_empty']);
    expect(await cal.list()).toEqual([]);
    service.carts.put('cal', euros(100));
    expect((await cal.pay(100, { key: 'k' })).status).toBe(201);
  });
});

describe('two keys for one cart', () => {
  it('20 at once: one pays, and nothing is left of the others', async () => {
    const { pay, list } = buyer('eager', 100);
    const replies = await Promise.all(Array.from({ length: 20 }, () => pay(100)));
    const codes = replies.map(({ status, body }) => (status === 201 ? 'paid' : body.code));
    expect(codes.filter((code) => code === 'paid')).toHaveLength(1);
    // A request that comes after the end finds an empty cart.
    for (const code of codes) expect(['paid', 'checkout_in_progress', 'cart_empty']).toContain(code);
    const waiting = replies.find(({ body }) => body.code === 'checkout_in_progress');
    expect(waiting?.headers.get('retry-after')).toBe('1');
    expect(await list()).toHaveLength(1);
    expect(await charges('eager')).toMatchObject({ charged: 1, taken: 100 });
    expect((await pay(100)).body.code).toBe('cart_empty');
  });

  it.each([
    [late, 'succeeded', 'cart_empty'],
    ['4000000000000127', 'declined', undefined],
  ])(
    'card %s, without an answer: the second key learns that it %s, and acts on it',
    async (number, verdict, code) => {
      const subject = `in doubt ${number}`;
      const { pay, read, list } = buyer(subject, 100);
      const first = await pay(100, { number, from: silent });
      expect([first.status, first.body.status, first.body.cart_settled]).toEqual([202, 'unknown', false]);
      const second = await pay(100);
      expect(second.body.code).toBe(code);
      expect((await read(first.body.id)).body).toMatchObject({ status: verdict, cart_settled: true });
      expect(await charges(subject)).toMatchObject({ charged: 1, taken: 100 });
      expect(service.carts.amountsIn(subject)).toEqual([]);
      expect(await list()).toHaveLength(verdict === 'declined' ? 2 : 1);
    },
  );

  it('a payment that got stuck before its charge is given up, and its own key reports this', async () => {
    const { pay } = buyer('stuck', 100);
    service.carts.after((step) => (step === 'claim' ? Promise.reject(unreachable()) : undefined));
    const first = await pay(100, { key: 'first' });
    expect([first.status, first.body.code]).toEqual([503, 'hop_unavailable']);
    service.carts.healthy();

    const second = await pay(100, { key: 'second' });
    expect([second.status, second.body.status]).toEqual([201, 'succeeded']);
    const again = await pay(100, { key: 'first' });
    expect([again.status, again.body.status, again.body.decline_reason]).toEqual([
      201,
      'declined',
      'cancelled',
    ]);
    expect(await charges('stuck')).toMatchObject({ charged: 1, taken: 100 });
  });

  it('a run that was given up while it slept charges nothing when it wakes', async () => {
    const { pay } = buyer('sleeper', 100);
    const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
    let asleep = false;
    service.carts.after((step) => {
      if (step !== 'claim' || asleep) return undefined;
      asleep = true;
      return woken;
    });
    const sleeper = pay(100, { key: 'sleeper' });
    await eventually('the first payment waits for the processor', () => expect(asleep).toBe(true));
    await service.database.db.execute(
      sql`update idempotency_keys set running_until = now() where subject = 'sleeper'`,
    );
    const second = await pay(100);
    wake();
    expect([second.status, second.body.status]).toEqual([201, 'succeeded']);
    expect((await sleeper).body).toMatchObject({ status: 'declined', decline_reason: 'cancelled' });
    expect(await charges('sleeper')).toMatchObject({ charged: 1, taken: 100 });
    expect(service.carts.statusesOf('sleeper').sort()).toEqual(['completed', 'released']);
  });

  it.each([
    ['was in doubt', sql`running_until`],
    ['crashed', sql`now() + interval '1 hour'`],
  ])(
    'a payment that %s while the clock was an hour ahead holds up no other, and goes on',
    async (what, runningUntil) => {
      const subject = `ahead, ${what}`;
      const ahead = await startPaymentService({ beside: service, clock: () => Date.now() + 3_600_000 });
      const { pay } = buyer(subject, 100);
      const first = await pay(100, { key: 'first', number: late, from: ahead });
      await ahead.close();
      expect(first.status).toBe(202);
      await service.database.db.execute(
        sql`update idempotency_keys set running_until = ${runningUntil} where subject = ${subject}`,
      );
      service.carts.put(subject, euros(30));
      expect((await pay(30)).status).toBe(201);
      expect((await pay(100, { key: 'first', number: late })).body.status).toBe('succeeded');
      expect(await charges(subject)).toMatchObject({ charged: 2, taken: 130 });
    },
  );

  it('while the processor does not report the result of the first, the second waits', async () => {
    const sandbox = createSandboxProcessor(service.database.db);
    const processor: CardProcessor = { ...sandbox, cancel: () => new Promise<never>(() => undefined) };
    const other = await startPaymentService({
      processor,
      beside: service,
      env: impatient,
    });
    const { pay } = buyer('patient', 100);
    await pay(100, { number: late, from: silent });
    const second = await pay(100, { key: 'second', from: other });
    const again = await pay(100, { key: 'second' });
    await other.close();
    expect([second.status, second.body.code]).toEqual([409, 'checkout_in_progress']);
    expect([again.status, again.body.code]).toEqual([409, 'cart_empty']);
    expect(await charges('patient')).toMatchObject({ charged: 1, taken: 100 });
  });
});
