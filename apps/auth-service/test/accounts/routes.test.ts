import { randomBytes } from 'node:crypto';
import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registrationLimit } from '../../src/accounts/attempt-limits.ts';
import { accounts, auditEvents } from '../../src/database/schema.ts';
import {
  type AuthApp,
  bearer,
  from,
  register,
  signIn,
  startAuthApp,
  testPassword,
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

function post(payload: object | string, name = randomBytes(4).toString('hex')) {
  const headers = { ...from(name), 'content-type': 'application/json' };
  return auth.app.inject({ method: 'POST', url: '/accounts', payload, headers });
}

async function admin(): Promise<string> {
  const username = await register(auth.app);
  await db
    .update(accounts)
    .set({ roles: ['admin'] })
    .where(eq(accounts.username, username));
  return (await signIn(auth.app, username)).access_token;
}

test('a person who registers is a customer, with an opaque id', async () => {
  const answer = await post({ username: ' Alice.Smith@Example.com', password: testPassword });
  expect(answer.statusCode).toBe(201);
  expect(answer.json()).toEqual({
    id: expect.stringMatching(/^[\w-]{22}$/),
    username: 'alice.smith@example.com',
    roles: ['customer'],
  });
  const [row] = await db.select().from(accounts).where(eq(accounts.id, answer.json().id));
  expect(row?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test('a name can be taken once, even if twenty ask at once, in whatever spelling', async () => {
  const spellings = ['race-for-it', 'RACE-for-it', 'ｒace-for-it', ' race-for-it '];
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      post({ username: spellings[index % 4], password: testPassword }),
    ),
  );
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1);
  const others = answers.filter(({ statusCode }) => statusCode !== 201);
  expect(new Set(others.map((answer) => `${answer.statusCode} ${answer.json().code}`))).toEqual(
    new Set(['409 username_taken']),
  );
});

test.each([
  [
    'a user name that is none',
    { username: 'no spaces please', password: testPassword },
    'invalid_username',
    undefined,
  ],
  ['a short password', { username: 'somebody', password: 'short' }, 'weak_password', 'too_short'],
  ['a breached password', { username: 'somebody', password: 'password1' }, 'weak_password', 'breached'],
  [
    'the user name in it',
    { username: 'somebody', password: 'Somebody-2026' },
    'weak_password',
    'contains_username',
  ],
  ['257 characters', { username: 'somebody', password: 'x'.repeat(257) }, 'weak_password', 'too_long'],
  ['no password', { username: 'somebody' }, 'invalid_request', undefined],
  [
    'roles of one’s own choice',
    { username: 'somebody', password: testPassword, roles: ['admin'] },
    'invalid_request',
    undefined,
  ],
  ['a number for a name', { username: 12345678, password: testPassword }, 'invalid_request', undefined],
])('%s is refused with 400, and nothing is stored', async (_, body, code, rule) => {
  const answer = await post(body);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().code).toBe(code);
  expect(answer.json().rule).toBe(rule);
  expect(answer.body).not.toContain('password1');
  expect(await db.select().from(accounts).where(eq(accounts.username, 'somebody'))).toEqual([]);
});

test('64 characters of any kind are a password, and all of them count', async () => {
  const password = 'пароль 🦊 '.repeat(7).slice(0, 64).padEnd(64, 'x');
  const username = 'long-password';
  expect((await post({ username, password })).statusCode).toBe(201);
  expect((await signIn(auth.app, username, { password })).access_token).toBeDefined();
  await expect(signIn(auth.app, username, { password: password.slice(0, 63) })).rejects.toThrow('401');
});

test('a person sees their own account, with what its roles allow', async () => {
  const username = await register(auth.app);
  const { access_token: token } = await signIn(auth.app, username);
  const answer = await auth.app.inject({ url: '/account', headers: bearer(token) });
  expect(answer.json()).toEqual({
    id: expect.any(String),
    username,
    roles: ['customer'],
    scopes: ['cart:read', 'cart:write', 'wishlist:read', 'wishlist:write', 'payment:read', 'payment:write'],
  });
  expect((await auth.app.inject({ url: '/account' })).statusCode).toBe(401);
});

test('an admin gives other roles, and the audit log knows who did it', async () => {
  const username = await register(auth.app);
  const { access_token: own } = await signIn(auth.app, username);
  const { id } = (await auth.app.inject({ url: '/account', headers: bearer(own) })).json();
  const put = (token: string, roles: string[], account = id) =>
    auth.app.inject({
      method: 'PUT',
      url: `/accounts/${account}/roles`,
      payload: { roles },
      headers: bearer(token),
    });

  expect((await put(own, ['admin'])).statusCode).toBe(403);
  const manager = await admin();
  const answer = await put(manager, ['support', 'viewer', 'support']);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ id, username, roles: ['support', 'viewer'] });

  expect((await put(manager, ['root'])).statusCode).toBe(400);
  expect((await put(manager, ['viewer'], 'A'.repeat(22))).statusCode).toBe(404);
  expect((await put(manager, ['viewer'], 'no-id')).statusCode).toBe(400);

  const changes = () => db.select().from(auditEvents).where(eq(auditEvents.event, 'account.roles_changed'));
  await eventually('the change is recorded', async () => expect((await changes()).length).toBe(1));
  expect((await changes())[0]).toMatchObject({
    subject: id,
    details: { actor: expect.any(String), before: ['customer'], after: ['support', 'viewer'] },
    requestId: expect.any(String),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test('registering is limited for each network, before a password is hashed', async () => {
  const username = await register(auth.app);
  const answers = [];
  for (let index = 0; index <= registrationLimit.most; index += 1) {
    // Each request asks for a taken name, which costs as much as a registration.
    answers.push(post({ username, password: testPassword }, 'one-network'));
  }
  const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
  expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(registrationLimit.most);
  const refused = await post({ username: 'one-more-person', password: testPassword }, 'one-network');
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});
