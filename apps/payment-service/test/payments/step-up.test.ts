import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { rowCounts } from '../ledger.ts';
import { euros, goodCard, startPaymentService } from '../payment-fixture.ts';

const service = await forThisFile(
  startPaymentService({ env: { STEP_UP_AMOUNT: '1000', STEP_UP_MAX_AGE_SECONDS: '60' } }),
);

function pay(amount: number, { signedInSecondsAgo, key }: { signedInSecondsAgo: number; key?: string }) {
  const token = service.issuer.mint({
    subject: 'ada',
    scope: 'payment:write',
    claims: { auth_time: Math.floor(Date.now() / 1000) - signedInSecondsAgo },
  });
  return service.pay({
    token,
    body: { amount: euros(amount), card: goodCard },
    ...(key !== undefined && { key }),
  });
}

test('more than STEP_UP_AMOUNT wants a recent sign-in, says how recent, and stores nothing without it', async () => {
  const before = await rowCounts(service.database.db);
  service.carts.calls.splice(0);
  const refused = await pay(1001, { signedInSecondsAgo: 62, key: 'k' });
  expect([refused.status, refused.body.code]).toEqual([401, 'insufficient_user_authentication']);
  const challenge = refused.headers.get('www-authenticate');
  expect(challenge).toContain('error="insufficient_user_authentication"');
  expect(challenge).toContain('max_age="60"');
  expect(await rowCounts(service.database.db)).toEqual(before);
  expect(service.carts.calls).toEqual([]);
  // The same key after a new sign-in.
  expect((await pay(1001, { signedInSecondsAgo: 5, key: 'k' })).status).toBe(201);
});

test('up to STEP_UP_AMOUNT an old sign-in will do', async () => {
  expect((await pay(1000, { signedInSecondsAgo: 86_400 })).status).toBe(201);
});
