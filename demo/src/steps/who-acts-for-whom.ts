import { randomBytes } from 'node:crypto';
import type { ServiceName } from '../shop.ts';
import type { Stage } from './step.ts';

const mug = { sku: 'mug-blue', quantity: 1, unit_price: { amount: 1_900, currency: 'EUR' } };

type LogLine = { readonly msg?: string; readonly actors?: string[]; readonly audit?: AuditFields };
type AuditFields = {
  readonly event: string;
  readonly subject: string;
  readonly sessionId: string;
  readonly details?: { readonly audience: string; readonly scopes: string[]; readonly actors: string[] };
};

/**
 * Shows both tokens side by side, and one trace through all services. The exchanged token goes from payment-service to
 * cart-service alone, so its content comes from auth-service's audit log.
 */
export async function whoActsForWhom({ tell, shop, account, logs }: Stage): Promise<void> {
  tell.step('Who acts for whom: the person’s token beside the exchanged one, in one trace');
  if (logs === undefined) {
    tell.say(
      '(Skipped: the demo cannot read the services’ logs on this system. Plain npm run demo shows it.)',
    );
    return;
  }
  const traceId = randomBytes(16).toString('hex');
  const headers = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
  // A new session: payment-service keeps the exchanged token of a session that has paid, and would not exchange again.
  const { access_token: token } = await shop.signIn(account('customer'), tell, headers);
  await shop.call('cart', { method: 'POST', path: '/cart/items', token, json: mug });
  const paid = await shop.call(
    'payment',
    {
      method: 'POST',
      path: '/payments',
      token,
      headers: { ...headers, 'idempotency-key': crypto.randomUUID() },
      json: { amount: mug.unit_price, card: { number: '4242424242424242', exp_month: 12, exp_year: 2099 } },
    },
    tell,
  );
  tell.check('paid', paid.status === 201 && paid.body['status'] === 'succeeded');

  const linesOf = (service: ServiceName) => linesWith(logs(service), traceId);
  const auth = linesOf('auth');
  const own = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const exchanged = auth.find(({ audit }) => audit?.event === 'token.exchanged')?.audit;
  const { audience, scopes = [], actors = [] } = exchanged?.details ?? {};
  tell.say('The demo never sees the exchanged token. auth-service’s audit log says what is in it:');
  for (const row of [
    ['', 'the person’s token', 'the exchanged one'],
    ['sub', own.sub, exchanged?.subject],
    ['sid', own.sid, exchanged?.sessionId],
    ['aud', own.aud.join(' '), audience],
    ['scope', own.scope, scopes.join(' ')],
    ['act', 'nobody', actors.join(', for ')],
  ]) {
    tell.say(`${row[0]?.padEnd(7)}${row[1]}`);
    tell.say(`${''.padEnd(7)}${row[2]}`);
  }
  tell.check(
    'the same person and the same session in both',
    exchanged?.subject === own.sub && exchanged?.sessionId === own.sid,
  );
  tell.check('the exchanged one is for cart-service alone', audience === 'cart-service');
  tell.check(
    'its one scope is cart:checkout, which the person’s token does not have',
    scopes.join() === 'cart:checkout' && !own.scope.split(' ').includes('cart:checkout'),
  );
  tell.check('it says who acts: payment-service', actors.join() === 'payment-service');

  tell.say(`Found in the services’ logs by the trace ${traceId}:`);
  const found = [
    ['auth', auth.some(({ audit }) => audit?.event === 'sign_in.succeeded'), 'sign-in'],
    ['payment', linesOf('payment').some(({ msg }) => msg === 'payment answered'), 'payment'],
    ['auth', exchanged !== undefined, 'exchange'],
    ['cart', linesOf('cart').some((line) => line.actors?.[0] === 'payment-service'), 'checkout of the cart'],
  ] as const;
  for (const [service, there, what] of found) tell.check(`${service}-service: ${what}`, there);
}

function linesWith(log: string, traceId: string): LogLine[] {
  const lines = log.split('\n').filter((line) => line.includes(traceId));
  return lines.map((line) => JSON.parse(line) as LogLine);
}
