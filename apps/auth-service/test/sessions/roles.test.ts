import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accounts } from '../../src/database/schema.ts';
import {
  type AuthApp,
  bearer,
  decode,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';
import { connectDatabase } from '../support/connect-database.ts';

let auth: AuthApp;
let db: ReturnType<typeof connectDatabase>;
beforeAll(async () => {
  auth = await startAuthApp();
  db = connectDatabase(auth.databaseUrl);
});
afterAll(async () => {
  await db.$client.end();
  await auth.stop();
});

async function admin(): Promise<Tokens> {
  const username = await register(auth.app);
  await db
    .update(accounts)
    .set({ roles: ['admin'] })
    .where(eq(accounts.username, username));
  return signIn(auth.app, username);
}

async function giveRoles(session: Tokens, roles: string[]): Promise<number> {
  const answer = await auth.app.inject({
    method: 'PUT',
    url: `/accounts/${decode(session.access_token).claims['sub']}/roles`,
    headers: bearer((await admin()).access_token),
    payload: { roles },
  });
  return answer.statusCode;
}

test('a change of roles reaches every session of that person at its next refresh, and nobody else’s', async () => {
  const username = await register(auth.app);
  const [phone, laptop] = [await signIn(auth.app, username), await signIn(auth.app, username)];
  const other = await signIn(auth.app, await register(auth.app));
  expect(await giveRoles(phone, ['viewer'])).toBe(200);
  for (const session of [phone, laptop]) {
    expect((await refresh(auth.app, session.refresh_token)).json<Tokens>().scope).toBe(
      'cart:read wishlist:read payment:read',
    );
  }
  expect((await refresh(auth.app, other.refresh_token)).json<Tokens>().scope).toBe(other.scope);
});

test('the access tokens from before it are refused, and those of the refreshes after it are not', async () => {
  const username = await register(auth.app);
  const [phone, laptop] = [await signIn(auth.app, username), await signIn(auth.app, username)];
  const other = await signIn(auth.app, await register(auth.app));
  const account = (token: string) => auth.app.inject({ url: '/account', headers: bearer(token) });
  expect(await giveRoles(phone, ['viewer'])).toBe(200);
  for (const session of [phone, laptop]) {
    const { access_token } = (await refresh(auth.app, session.refresh_token)).json<Tokens>();
    await eventually('the token with the old roles is refused', async () =>
      expect((await account(session.access_token)).statusCode).toBe(401),
    );
    expect((await account(session.access_token)).json()).toMatchObject({ reason: 'roles_changed' });
    expect((await account(access_token)).statusCode).toBe(200);
  }
  expect((await account((await signIn(auth.app, username)).access_token)).statusCode).toBe(200);
  expect((await account(other.access_token)).statusCode).toBe(200);
});

test('a session that asked for less gets no more when the roles grow', async () => {
  const session = await signIn(auth.app, await register(auth.app), { scope: 'cart:read payment:write' });
  expect(await giveRoles(session, ['support'])).toBe(200);
  const next = (await refresh(auth.app, session.refresh_token)).json<Tokens>();
  expect(next.scope).toBe('cart:read payment:write');
  expect(await giveRoles(session, ['viewer'])).toBe(200);
  expect((await refresh(auth.app, next.refresh_token)).json<Tokens>().scope).toBe('cart:read');
});

test('a person without a role may still see their own account, and nothing else', async () => {
  const session = await signIn(auth.app, await register(auth.app));
  expect(await giveRoles(session, [])).toBe(200);
  const next = (await refresh(auth.app, session.refresh_token)).json<Tokens>();
  expect(next.scope).toBe('');
  const account = await auth.app.inject({ url: '/account', headers: bearer(next.access_token) });
  expect(account.json()).toMatchObject({ roles: [], scopes: [] });
});

test('nobody signs in for more than the roles allow', async () => {
  const username = await register(auth.app);
  await expect(signIn(auth.app, username, { scope: 'cart:read keys:manage' })).rejects.toThrow(
    /403.*scope_not_allowed/,
  );
});
