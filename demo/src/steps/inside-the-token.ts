import type { Answer } from '@latchkey/person';
import type { Customer, Stage } from './step.ts';

/** Anybody who holds a token can read it, so it contains no personal data. */
export async function insideTheToken({ tell, account }: Stage, { tokens }: Customer): Promise<void> {
  tell.step('What is inside the token, and what is not');
  const [header, claims] = tokens.access_token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  tell.say(`header  ${JSON.stringify(header)}`);
  for (const [name, value] of Object.entries(claims ?? {}))
    tell.say(`${name.padEnd(10)}${JSON.stringify(value)}`);
  const { username } = account('customer');
  tell.check(
    `the token does not contain the name ${username}: sub and sid are opaque`,
    !JSON.stringify(claims).includes(username),
  );
  tell.check('it is valid for 300 seconds at most', Number(claims?.['exp']) - Number(claims?.['iat']) <= 300);
}

/** Where claims must not be read, a service can have its tokens encrypted to its key. */
export async function encryptedToken({ tell, shop, account, encryptTokensFor }: Stage): Promise<void> {
  tell.step('The same token, encrypted to one service');
  if (encryptTokensFor === undefined) {
    tell.say('(Skipped: on this system no service wants encrypted tokens. Plain npm run demo shows it.)');
    return;
  }
  const { refresh_token: refreshToken } = await shop.signIn(account('customer'));
  const readable = tokenIn(await shop.refreshFor('payment', refreshToken));
  await encryptTokensFor('payment');
  const encrypted = tokenIn(
    await shop.refreshFor('payment', (await shop.signIn(account('customer'))).refresh_token),
  );
  const statusAt = async (service: 'cart' | 'payment', token: string) =>
    (await shop.call(service, { path: service === 'cart' ? '/cart' : '/payments', token })).status;

  for (const [name, token] of Object.entries({ readable, encrypted })) {
    const [header = '', ...rest] = token.split('.');
    tell.say(`${name.padEnd(10)}${textOf(header)}`);
    const last = textOf(rest.find((segment) => segment.length > 22) ?? '').replaceAll(/[^\x20-\x7e]/g, '·');
    tell.say(`          ${last.slice(0, 72)} …`);
  }
  tell.check('payment-service opens it', (await statusAt('payment', encrypted)) === 200);
  tell.check('cart-service cannot, and refuses it: 401', (await statusAt('cart', encrypted)) === 401);
  const { access_token: forAll } = await shop.signIn(account('customer'));
  tell.check(
    'a token for several services leaves payment-service out, since it can be encrypted to one only: 401',
    (await statusAt('payment', forAll)) === 401 && (await statusAt('cart', forAll)) === 200,
  );
  await encryptTokensFor(null);
}

const tokenIn = ({ body }: Answer) => String(body['access_token']);

const textOf = (segment: string) => Buffer.from(segment, 'base64url').toString('latin1');
