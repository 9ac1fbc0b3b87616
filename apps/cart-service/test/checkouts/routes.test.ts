import { randomUUID } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import { type CheckoutBody, cup, startCartService, tea } from '../cart-fixture.ts';

const service = await forThisFile(startCartService());

type Step = 'claim' | 'complete' | 'release';

function step(what: Step, id: string, token: string) {
  const path = what === 'claim' ? `/cart/checkouts/${id}` : `/cart/checkouts/${id}/${what}`;
  return service.call<CheckoutBody>(path, { method: what === 'claim' ? 'PUT' : 'POST', token });
}

async function cartOf(subject: string, ...things: (typeof tea)[]) {
  for (const thing of things) await service.add(thing, { token: service.tokenOf(subject) });
  const token = service.checkoutTokenOf(subject);
  return {
    claim: (id: string) => step('claim', id, token),
    complete: (id: string) => step('complete', id, token),
    release: (id: string) => step('release', id, token),
    items: async () =>
      (await service.cart(service.tokenOf(subject))).items.map(({ sku, quantity }) => [sku, quantity]),
  };
}

describe('a checkout over HTTP', () => {
  it('claims, answers the same again, and completes once', async () => {
    const id = randomUUID();
    const { claim, complete, items } = await cartOf('ada', tea, cup);
    const first = await claim(id);
    expect([first.status, first.body]).toEqual([
      201,
      {
        id,
        status: 'open',
        items: [
          { ...tea, line_total: { amount: 900, currency: 'EUR' } },
          { ...cup, line_total: { amount: 1200, currency: 'EUR' } },
        ],
        totals: [{ amount: 2100, currency: 'EUR' }],
        claimed_at: expect.stringMatching(/Z$/),
      },
    ]);
    await service.add(tea, { token: service.tokenOf('ada') });
    const again = await claim(id);
    expect([again.status, again.body]).toEqual([200, first.body]);
    for (let time = 0; time < 2; time += 1) {
      const done = await complete(id);
      expect([done.status, done.body]).toEqual([200, { ...first.body, status: 'completed' }]);
      expect(await items()).toEqual([['tea', 2]]);
    }
    expect((await claim(id)).body.status).toBe('completed');
    expect(service.log()).toMatch(
      /"checkout_status":"completed","subject":"ada","actors":\["payment-service"\]/,
    );
  });

  it('is refused in the words of a problem document, and changes nothing', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const { claim, complete, release, items } = await cartOf('bea', tea);
    expect((await complete(id)).body).toMatchObject({ status: 404, code: 'checkout_not_found' });
    await claim(id);
    expect((await claim(other)).body).toMatchObject({ status: 409, code: 'checkout_in_progress' });
    await release(id);
    expect((await complete(id)).body).toMatchObject({ status: 409, code: 'checkout_released' });
    await claim(other);
    expect(await items()).toEqual([['tea', 2]]);
    await complete(other);
    expect((await release(other)).body).toMatchObject({ status: 409, code: 'checkout_completed' });
    expect((await claim(randomUUID())).body).toMatchObject({ status: 409, code: 'cart_empty' });
  });

  it.each(['1', 'not-an-id', "' or 1=1 --"])('takes no id like %j', async (id) => {
    const { claim } = await cartOf('cal');
    expect((await claim(encodeURIComponent(id))).body).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
  });
});

describe.each<Step>(['claim', 'complete', 'release'])('who may %s', (what) => {
  const id = '0b5a4f5e-6a43-4d0b-9d0a-0d1f6f5b7c11';

  it.each<[string, () => string, number, string]>([
    ['nobody without a token', () => '', 401, 'missing_token'],
    [
      'no person, whatever their scopes',
      () => service.tokenOf('eve', 'cart:read cart:write'),
      403,
      'insufficient_scope',
    ],
    [
      'no person with the scope itself',
      () => service.tokenOf('eve', 'cart:checkout'),
      403,
      'actor_not_allowed',
    ],
    [
      'no other service for the person',
      () => service.checkoutTokenOf('eve', { sub: 'wishlist-service' }),
      403,
      'actor_not_allowed',
    ],
    [
      'not payment-service for another service',
      () => service.checkoutTokenOf('eve', { sub: 'payment-service', act: { sub: 'wishlist-service' } }),
      403,
      'actor_not_allowed',
    ],
    [
      'not another service by way of payment-service',
      () => service.checkoutTokenOf('eve', { sub: 'wishlist-service', act: { sub: 'payment-service' } }),
      403,
      'actor_not_allowed',
    ],
    [
      'not payment-service with the person’s own scopes',
      () =>
        service.issuer.mint({
          subject: 'eve',
          scope: 'cart:read cart:write',
          claims: { act: { sub: 'payment-service' } },
        }),
      403,
      'insufficient_scope',
    ],
  ])('%s', async (_who, token, status, code) => {
    const { items } = await cartOf(`owner for ${what}`, tea);
    const before = await service.database.pool.query('select * from checkouts order by claimed_at');
    expect((await step(what, id, token())).body).toMatchObject({ status, code });
    expect((await service.database.pool.query('select * from checkouts order by claimed_at')).rows).toEqual(
      before.rows,
    );
    expect((await items()).length).toBe(1);
  });

  it('payment-service for the person, who is in the token and nowhere else', async () => {
    const mine = randomUUID();
    const { claim, items } = await cartOf(`payer of ${what}`, tea);
    if (what !== 'claim') await claim(mine);
    const reply = await step(what, mine, service.checkoutTokenOf(`payer of ${what}`));
    expect([200, 201]).toContain(reply.status);
    expect(await items()).toEqual(what === 'complete' ? [] : [['tea', 2]]);
  });
});
