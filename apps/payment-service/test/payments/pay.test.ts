import { forThisFile } from '@latchkey/testing';
import { beforeEach, expect, test } from 'vitest';
import { chargesOf, rowCounts } from '../ledger.ts';
import { card, euros, goodCard, startPaymentService } from '../payment-fixture.ts';

const service = await forThisFile(startPaymentService({ clock: () => now }));

// Just before the end of a month, because one test card expires then.
const endOfMonth = Date.UTC(2030, 10, 30, 23, 59, 59);
let now = endOfMonth;
beforeEach(() => {
  now = endOfMonth;
});

test('a payment answers with its verdict, and nothing of the card but brand and last four digits', async () => {
  const { status, body, headers } = await service.pay();

  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    status: 'succeeded',
    amount: { amount: 1999, currency: 'EUR' },
    refunded_amount: 0,
    card: { last4: '4242', brand: 'visa' },
    cart_settled: true,
    created_at: '2030-11-30T23:59:59.000Z',
    updated_at: '2030-11-30T23:59:59.000Z',
  });
  expect(headers.get('location')).toBe(`/payments/${body.id}`);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('idempotency-replayed')).toBeNull();
});

test.each([
  ['4242424242424242', 'succeeded', undefined, 'visa'],
  ['5555555555554444', 'succeeded', undefined, 'mastercard'],
  ['378282246310005', 'succeeded', undefined, 'amex'],
  ['4000000000000002', 'declined', 'card_declined', 'visa'],
  ['4000000000009995', 'declined', 'insufficient_funds', 'visa'],
  ['6011111111111117', 'declined', 'not_a_sandbox_card', 'discover'],
])('card %s: %s', async (number, verdict, reason, brand) => {
  const { status, body } = await service.pay({ body: { amount: euros(100), card: card(number) } });
  expect({ status, verdict: body.status, reason: body.decline_reason, brand: body.card?.brand }).toEqual({
    status: 201,
    verdict,
    reason,
    brand,
  });
});

test.each([1, 100_000_000_000])('amount %d is taken', async (amount) => {
  const { status, body } = await service.pay({
    body: { amount: { amount, currency: 'JPY' }, card: goodCard },
  });
  expect([status, body.amount]).toEqual([201, { amount, currency: 'JPY' }]);
});

test('a card is taken on its last day and not after, but a payment made with it can be asked for again', async () => {
  const request = {
    key: 'last-day',
    body: { amount: euros(1), card: { ...goodCard, exp_month: 11, exp_year: 2030 } },
  };
  const before = await service.pay(request);
  now += 1000;
  const again = await service.pay(request);
  const after = await service.pay({ body: request.body });

  expect([before.status, again.status, after.status]).toEqual([201, 201, 422]);
  expect(again.text).toBe(before.text);
  expect(after.body.code).toBe('expired_card');
});

const body = { amount: euros(100), card: goodCard };
const amount = (value: unknown) => ({ ...body, amount: value });

test.each<[string, unknown, number, string]>([
  ['an empty body', '', 400, 'malformed_body'],
  ['not JSON', '{"amount":', 400, 'malformed_body'],
  ['an array', [body], 400, 'invalid_request'],
  ['null', 'null', 400, 'invalid_request'],
  ['no amount', { card: goodCard }, 400, 'invalid_request'],
  ['no card', { amount: euros(1) }, 400, 'invalid_request'],
  ['amount zero', amount(euros(0)), 400, 'invalid_request'],
  ['a negative amount', amount(euros(-1)), 400, 'invalid_request'],
  ['half a cent', amount(euros(0.5)), 400, 'invalid_request'],
  ['one more than the most', amount(euros(100_000_000_001)), 400, 'invalid_request'],
  ['an unsafe integer', amount(euros(2 ** 53 + 2)), 400, 'invalid_request'],
  ['1e308', JSON.stringify(body).replace('100', '1e308'), 400, 'invalid_request'],
  ['an amount as text', amount({ amount: '100', currency: 'EUR' }), 400, 'invalid_request'],
  ['an amount as a number', amount(100), 400, 'invalid_request'],
  ['no currency', amount({ amount: 100 }), 400, 'invalid_request'],
  ['currency in lower case', amount({ amount: 100, currency: 'eur' }), 400, 'invalid_request'],
  ['a long currency', amount({ amount: 100, currency: 'EURO' }), 400, 'invalid_request'],
  ['a currency that does not exist', amount({ amount: 100, currency: 'ABC' }), 422, 'invalid_currency'],
  ['the test currency', amount({ amount: 100, currency: 'XTS' }), 422, 'invalid_currency'],
  ['a wrong check digit', { ...body, card: card('4242424242424241') }, 422, 'invalid_card'],
  ['spaces in the number', { ...body, card: card('4242 4242 4242 4242') }, 400, 'invalid_request'],
  [
    'a number as a number',
    { ...body, card: { ...goodCard, number: 4242424242424242 } },
    400,
    'invalid_request',
  ],
  ['a number too short', { ...body, card: card('42424242424') }, 400, 'invalid_request'],
  ['a number too long', { ...body, card: card('4'.repeat(20)) }, 400, 'invalid_request'],
  ['digits of another script', { ...body, card: card('٤'.repeat(16)) }, 400, 'invalid_request'],
  ['month 13', { ...body, card: { ...goodCard, exp_month: 13 } }, 400, 'invalid_request'],
  ['month 0', { ...body, card: { ...goodCard, exp_month: 0 } }, 400, 'invalid_request'],
  ['a year of two digits', { ...body, card: { ...goodCard, exp_year: 30 } }, 400, 'invalid_request'],
  ['an expired card', { ...body, card: { ...goodCard, exp_year: 2029 } }, 422, 'expired_card'],
  ['a cvc of letters', { ...body, card: { ...goodCard, cvc: 'abc' } }, 400, 'invalid_request'],
  ['an unknown property', { ...body, subject: 'bob' }, 400, 'invalid_request'],
  [
    'an unknown property of the card',
    { ...body, card: { ...goodCard, holder: 'A' } },
    400,
    'invalid_request',
  ],
  ['a prototype', '{"__proto__":{"amount":1},"amount":{"amount":1,"currency":"EUR"}}', 400, 'malformed_body'],
  ['two megabytes', `{"amount":"${'x'.repeat(2_000_000)}"}`, 413, 'body_too_large'],
])('%s is refused, and nothing is stored', async (_what, sent, status, code) => {
  const before = await rowCounts(service.database.db);
  const reply = await service.pay({ body: sent });

  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(reply.text).not.toContain('4242424242');
  expect(await rowCounts(service.database.db)).toEqual(before);
});

test('a key that came with a refused request is as free as before', async () => {
  const key = 'after-a-refusal';
  expect((await service.pay({ key, body: { ...body, card: card('4242424242424241') } })).status).toBe(422);
  expect((await service.pay({ key, body })).status).toBe(201);
});

test('a request without a body is refused', async () => {
  const reply = await service.call('/payments', { method: 'POST', key: 'no-body' });
  expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
});

test('another content type is refused', async () => {
  const reply = await service.pay({ headers: { 'content-type': 'text/plain' } });
  expect([reply.status, reply.body.code]).toEqual([415, 'unsupported_media_type']);
});

test('the token alone says who pays', async () => {
  const reply = await service.pay({ token: service.customer('carol') });
  expect(reply.status).toBe(201);
  expect(await chargesOf(service.database.db, 'carol')).toMatchObject({ charged: 1, taken: 1999 });
});
