import { setTimeout as delay } from 'node:timers/promises';
import type { Customer, Stage } from './step.ts';

/** How long auth-service forgives a repeated refresh token; after it, a repetition is a theft. */
const GRACE_MS = 10_000;

/** Two tabs refresh at the same moment. A thief copies the token that they used. */
export async function twoTabs({ tell, shop }: Stage, customer: Customer): Promise<void> {
  tell.step('Two tabs refresh at once with the same refresh token');
  const before = customer.tokens.refresh_token;
  const [one, two] = await Promise.all([shop.refresh(before, tell), shop.refresh(before, tell)]);
  tell.check('both are served', one.status === 200 && two.status === 200);
  tell.check(
    'both get the same successor: one lineage',
    one.body['refresh_token'] === two.body['refresh_token'],
  );
  customer.tokens = one.body as Customer['tokens'];
  customer.stolen = { refreshToken: before, at: Date.now() };
  tell.say('(Remember the token of before: somebody has copied it.)');
}

/** The copy is used after the grace: the session dies, for the thief and for the owner. */
export async function stolenRefreshToken({ tell, shop }: Stage, customer: Customer): Promise<void> {
  const { stolen, tokens } = customer;
  if (stolen === undefined) throw new Error('nothing was stolen');
  tell.step('The stolen refresh token is replayed');
  const wait = stolen.at + GRACE_MS + 500 - Date.now();
  if (wait > 0) {
    tell.say(
      `Waiting ${Math.ceil(wait / 1000)} s: for ${GRACE_MS / 1000} s a repetition passes as a second tab.`,
    );
    await delay(wait);
  }
  const thief = await shop.refresh(stolen.refreshToken, tell);
  tell.check(
    'the thief gets nothing: invalid_grant',
    thief.status === 400 && thief.body['error'] === 'invalid_grant',
  );
  const owner = await shop.refresh(tokens.refresh_token, tell);
  tell.check('the whole session is dead: its newest token is refused too', owner.status === 400);
}

/** Signing out ends the session at once; the access token has minutes left, and the demo says so. */
export async function signOut({ tell, shop, account }: Stage): Promise<void> {
  tell.step('Sign-out');
  const tokens = await shop.signIn(account('customer'), tell);
  const out = await shop.call(
    'auth',
    '/sessions/current',
    { method: 'DELETE', token: tokens.access_token },
    tell,
  );
  tell.check('auth-service ended the session', out.status === 204);
  const refreshed = await shop.refresh(tokens.refresh_token, tell);
  tell.check('its refresh token is dead at once', refreshed.status === 400);
  tell.say('Its access token dies within 300 s: that is the known limit of a stateless token.');
}
