import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consents } from '../../src/database/schema.ts';
import { revocationHeadKey, revocationsKey } from '../../src/redis/key-names.ts';
import {
  type AuthApp,
  bearer,
  decode,
  from,
  signIn,
  startAuthApp,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import {
  ask,
  createOperator,
  createPerson,
  type Database,
  openDatabase,
  type Person,
} from '../support/operator.ts';
import { fate, reapplyLog, tryToSignIn } from './restore-fixture.ts';

let auth: AuthApp;
let operator: Person;
let now = Date.now();
beforeAll(async () => {
  auth = await startAuthApp({ clock: () => now });
  const database = openDatabase(auth);
  operator = await createOperator(auth, database);
  await database.close();
});
afterAll(() => auth.stop());

async function operatorSignsIn(): Promise<void> {
  operator = { ...operator, ...(await signIn(auth.app, operator.username)) };
}
const put = (url: string, payload: object) => ask(auth, operator, { method: 'PUT', url, payload });
/** What time does: 330 s after the last revocation the log is empty. */
async function forgetRevocations(): Promise<void> {
  const redis = new Redis(auth.redis.url);
  await redis.multi().hset(revocationHeadKey(0), 'until', 1).del(revocationsKey(0)).exec();
  redis.disconnect();
}
async function inDatabase<Result>(task: (database: Database) => Promise<Result>): Promise<Result> {
  const database = openDatabase(auth);
  try {
    return await task(database);
  } finally {
    await database.close();
  }
}
const consentOf = ({ id: subject }: Person, clientId: string) => ({
  subject,
  clientId,
  scopes: ['openid'],
  grantedAt: new Date(),
});
const consentsOf = ({ id }: Person) =>
  inDatabase(async ({ db }) => {
    const rows = await db.select().from(consents).where(eq(consents.subject, id));
    return rows.map(({ clientId }) => clientId).sort();
  });
const keyIds = async () =>
  (await auth.app.inject('/.well-known/jwks.json')).json().keys.map(({ kid }: { kid: string }) => kid);

test('a database of yesterday brings back what was taken since; reapply-log takes it again and names the rest', async () => {
  const [unchanged, changer, demoted, disabled] = (await Promise.all(
    [0, 1, 2, 3].map(() => createPerson(auth)),
  )) as [Person, Person, Person, Person];
  expect((await put(`/accounts/${demoted.id}/roles`, { roles: ['admin'] })).statusCode).toBe(200);
  const leaked = decode(operator.access_token).header['kid'] as string;
  await inDatabase(({ db }) =>
    db.insert(consents).values(['gift-ideas', 'book-club'].map((clientId) => consentOf(unchanged, clientId))),
  );
  let restore = async () => {};
  await auth.pause(async () => {
    restore = await auth.backUpDatabase();
  });

  for (const id of ['gift-ideas', 'book-club']) {
    const withdrawn = await ask(auth, unchanged, { method: 'DELETE', url: `/account/consents/${id}` });
    expect(withdrawn.statusCode, withdrawn.body).toBe(204);
  }
  const newcomer = await createPerson(auth);
  const newPassword = `${testPassword} of today`;
  const changed = await auth.app.inject({
    method: 'PUT',
    url: '/account/password',
    payload: { current_password: testPassword, new_password: newPassword },
    headers: { ...bearer(changer.access_token), ...from(changer.username) },
  });
  expect(changed.statusCode, changed.body).toBe(204);
  expect((await put(`/accounts/${demoted.id}/roles`, { roles: ['customer'] })).statusCode).toBe(200);
  expect((await put(`/accounts/${disabled.id}/status`, { status: 'disabled' })).statusCode).toBe(200);
  expect((await put('/clients/latchkey-mobile/status', { status: 'revoked' })).statusCode).toBe(200);
  const stolen = unchanged.access_token;
  expect(decode(stolen).header['kid']).toBe(leaked);
  expect((await ask(auth, operator, { method: 'DELETE', url: `/keys/${leaked}` })).statusCode).toBe(204);
  expect((await whoAmI(auth.app, stolen)).statusCode).toBe(401);

  await auth.pause(async () => {
    await restore();
    await forgetRevocations();
  });

  // What comes back, and why the log has to be reapplied before the doors open.
  expect(await keyIds()).toContain(leaked);
  expect(await tryToSignIn(auth, disabled)).toBe(201);
  expect(await tryToSignIn(auth, unchanged, { client: 'latchkey-mobile' })).toBe(201);
  expect(await tryToSignIn(auth, changer)).toBe(201);
  expect(await tryToSignIn(auth, changer, { password: newPassword })).toBe(401);
  // What is gone. A refresh asks Redis alone.
  expect(await tryToSignIn(auth, newcomer)).toBe(401);

  expect(await consentsOf(unchanged)).toEqual(['book-club', 'gift-ideas']);

  const told = await reapplyLog(auth);
  expect(await consentsOf(unchanged)).toEqual([]);
  expect(told).toEqual(
    expect.arrayContaining([
      `key ${leaked}: revoked`,
      'client latchkey-mobile: revoked',
      `account ${disabled.id}: disabled`,
      `account ${demoted.id}: roles customer`,
      `account ${newcomer.id} is gone: 1 of its sessions ended`,
      expect.stringMatching(
        new RegExp(`^TO DO: ${changer.username} \\(${changer.id}\\) changed the password`),
      ),
    ]),
  );
  await eventually('the key is out of the set, and signs no more', async () =>
    expect(await keyIds()).not.toContain(leaked),
  );
  expect((await whoAmI(auth.app, stolen)).statusCode).toBe(401);
  expect(await tryToSignIn(auth, disabled)).toBe(401);
  await eventually('the client is refused', async () =>
    expect(await tryToSignIn(auth, unchanged, { client: 'latchkey-mobile' })).toBe(403),
  );
  expect(await fate(auth, newcomer.refresh_token)).toBe('ended_by_operator');
  expect(await fate(auth, unchanged.refresh_token)).toBe('lives');

  await operatorSignsIn();
  // Roles of today reach sessions that began before the restore, although the database had forgotten changes.
  expect((await put(`/accounts/${demoted.id}/roles`, { roles: ['viewer'] })).statusCode).toBe(200);

  // A second time there is nothing more to take, and nothing breaks.
  expect(await reapplyLog(auth)).toContain('client latchkey-mobile: revoked');
});

test('a change of roles after the restore counts as later than those that the backup lacks', async () => {
  await operatorSignsIn();
  const person = await createPerson(auth);
  let restore = async () => {};
  await auth.pause(async () => {
    restore = await auth.backUpDatabase();
  });
  for (const roles of [['viewer'], ['customer'], ['admin']])
    expect((await put(`/accounts/${person.id}/roles`, { roles })).statusCode).toBe(200);
  now += 10_000;
  await auth.pause(restore);
  expect((await put(`/accounts/${person.id}/roles`, { roles: ['viewer'] })).statusCode).toBe(200);
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'latchkey-cli',
      refresh_token: person.refresh_token,
    }).toString(),
  });
  expect(answer.json().scope).not.toContain('accounts:manage');
});

test('a log without audit events, or with lines that are none, changes nothing', async () => {
  expect(await reapplyLog(auth, 'not JSON "audit"\n{"audit":1}\n\n')).toEqual(['0 audit events']);
});
