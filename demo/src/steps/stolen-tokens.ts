import { setTimeout as delay } from 'node:timers/promises';
import { signingOut, type Tokens } from '@latchkey/person';
import { timeRefusals } from '../stopwatch.ts';
import type { Customer, Stage } from './step.ts';

/** How long auth-service accepts a repeated refresh token. Later, it treats a repetition as theft. */
export const graceMs = 10_000;

/** A copied access token works for the thief until the owner signs out. Then every service refuses it. */
export async function stolenAccessToken(stage: Stage): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('A stolen access token, and a sign-out');
  const { access_token: token, refresh_token: refreshToken } = await shop.signIn(account('customer'), tell);
  const thief = await shop.call('cart', { path: '/cart', token }, tell);
  tell.check('the thief reads the cart: a copied token works like the original', thief.status === 200);
  await timeRefusals(stage, {
    token,
    revoke: () => shop.call('auth', signingOut(token), tell),
  });
  const refused = await shop.call('cart', { path: '/cart', token }, tell);
  tell.check(
    'cart-service says why: sign_out',
    refused.status === 401 && refused.body['reason'] === 'sign_out',
  );
  const refreshed = await shop.refresh(refreshToken, tell);
  tell.check('its refresh token is refused, too', refreshed.status === 400);
}

/** The thief uses the copy after the grace: the session ends for thief and owner, access tokens included. */
export async function stolenRefreshToken(stage: Stage, customer: Customer): Promise<void> {
  const { tell, shop } = stage;
  const { stolen } = customer;
  if (stolen === undefined) throw new Error('nothing was stolen');
  tell.step('The stolen refresh token is replayed');
  const wait = stolen.at + graceMs + 500 - Date.now();
  if (wait > 0) {
    tell.say(
      `Waiting ${Math.ceil(wait / 1000)} s: within ${graceMs / 1000} s a repetition counts as a second tab.`,
    );
    await delay(wait);
  }
  const owner = (await shop.refresh(customer.tokens.refresh_token, tell)).body as Tokens;
  await timeRefusals(stage, {
    token: owner.access_token,
    async revoke() {
      const thief = await shop.refresh(stolen.refreshToken, tell);
      tell.check(
        'the thief gets nothing: invalid_grant',
        thief.status === 400 && thief.body['error'] === 'invalid_grant',
      );
    },
  });
  const refused = await shop.refresh(owner.refresh_token, tell);
  tell.check(
    'the whole session has ended, and its owner learns why: reuse',
    refused.status === 400 && refused.body['reason'] === 'reuse',
  );
}
