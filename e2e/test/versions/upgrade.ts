import { setTimeout as delay } from 'node:timers/promises';
import { ask, refreshing, send, signIn, type Tokens } from '@latchkey/person';
import pg from 'pg';
import type { TwoVersions } from './two-versions.ts';

/** An operator. */
export const person = { username: 'mina', password: 'walnut-harbour-lantern-39' };
/** A customer. */
export const other = { username: 'noah', password: 'walnut-harbour-lantern-39' };
export const price = { amount: 450, currency: 'EUR' };

/**
 * Starts the older services on empty databases, then the newer ones, in the order of docs/how-to/upgrade.md, while people
 * use the older ones. Resolves to all statuses that they were answered meanwhile.
 */
export async function upgrade({ older, newer, ...system }: TwoVersions): Promise<ReadonlySet<number>> {
  await system.lead({ auth: 'older', cart: 'older' });
  await older.auth.start();
  await Promise.all([older.cart.start(), older.wishlist.start()]);
  for (const json of [person, other]) await ask(older.auth.url, { method: 'POST', path: '/accounts', json });
  await makeOperator(system.databases.auth);

  const upgraded = new AbortController();
  const answered = useServices(older, upgraded.signal);
  try {
    await newer.auth.start();
    await newer.cart.start();
    await newer.wishlist.start();
  } finally {
    upgraded.abort();
  }
  return answered;
}

async function makeOperator(databaseUrl: string): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const text = "update accounts set roles = '{admin}' where username = $1";
  await database.query(text, [person.username]).finally(() => database.end());
}

async function useServices(
  { auth, cart, wishlist }: TwoVersions['older'],
  until: AbortSignal,
): Promise<Set<number>> {
  const statuses = new Set<number>();
  let { access_token: token, refresh_token: refreshToken } = await signIn(auth.url, person);
  const json = { sku: 'tea', quantity: 1, unit_price: price };
  do {
    const refreshed = await send(auth.url, refreshing(refreshToken));
    ({ access_token: token, refresh_token: refreshToken } = refreshed.body as Tokens);
    const answers = await Promise.all([
      send(auth.url, { path: '/account', token }),
      send(cart.url, { method: 'POST', path: '/cart/items', token, json }),
      send(wishlist.url, { path: '/wishlist', token }),
    ]);
    for (const { status } of [refreshed, ...answers]) statuses.add(status);
    await delay(50);
  } while (!until.aborted);
  return statuses;
}
