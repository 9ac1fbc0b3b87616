import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBrowser, foreignFirst, nextPage } from '../oauth/authorization/authorization-fixture.ts';
import { pageOf } from '../sessions/page-fixture.ts';
import { lossSeconds } from '../sessions/session-fixture.ts';
import { type AuthApp, bearer, decode, refresh, startAuthApp, whoAmI } from '../support/auth-app.ts';
import {
  ask,
  createOperator,
  createPerson,
  type Database,
  openDatabase,
  type Person,
} from '../support/operator.ts';
import { backUpRedis } from './back-up-redis.ts';
import { fate, reapplyLog, refreshTimes, tryToSignIn } from './restore-fixture.ts';

let auth: AuthApp;
let database: Database;
let now: number;
let operator: Person;
beforeEach(async () => {
  now = Date.now();
  auth = await startAuthApp({ clock: () => now, durableRedis: true });
  database = openDatabase(auth);
  operator = await createOperator(auth, database);
});
afterEach(async () => {
  await database.close();
  await auth.stop();
});

const follows = () =>
  eventually('auth-service follows the restored Redis', async () => {
    const ready = (await auth.app.inject('/ready')).json();
    expect(ready).toMatchObject({ status: 'ready' });
    expect(ready.warnings).toBeUndefined();
  });
const disable = (person: Person) =>
  ask(auth, operator, {
    method: 'PUT',
    url: `/accounts/${person.id}/status`,
    payload: { status: 'disabled' },
  });
const giveRoles = (person: Person, roles: string[]) =>
  ask(auth, operator, { method: 'PUT', url: `/accounts/${person.id}/roles`, payload: { roles } });

test('after a restore of an hour nobody who was signed in before it is signed out, however often they refreshed', async () => {
  const [seldom, often, daily] = [
    await createPerson(auth),
    await createPerson(auth),
    await createPerson(auth),
  ];
  const restore = await backUpRedis(auth);
  const tokens = [
    await refreshTimes(auth, seldom.refresh_token, 1),
    await refreshTimes(auth, often.refresh_token, 13),
    await refreshTimes(auth, daily.refresh_token, 50),
  ];
  now += 3600_000;
  await restore();
  await follows();
  const answers = await Promise.all(tokens.map((token) => refresh(auth.app, token)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  expect(auth.logs().match(/"event":"refresh\.adopted"/g)).toHaveLength(3);
  expect(auth.logs()).not.toContain('refresh.reused');

  // A copy of a token that was replaced before the restore still ends the session.
  now += 20_000;
  expect(await fate(auth, tokens[1] ?? '')).toBe('reuse');
  // So does a generation that nobody can have reached since: the copy came here before the last refresh.
  const last = await refreshTimes(auth, answers[2]?.json().refresh_token, 1);
  expect(await fate(auth, last)).toBe('lives');
});

test('a session that began since is waited for, then reported as lost; its person signs in anew', async () => {
  const restore = await backUpRedis(auth);
  const later = await createPerson(auth);
  await restore();
  await follows();
  expect(await fate(auth, later.refresh_token)).toBe('503');
  now += 61_000;
  expect(await fate(auth, later.refresh_token)).toBe('session_lost');
  expect(await tryToSignIn(auth, later)).toBe(201);
});

test('sessions that had ended, and roles that were taken, come back; reapply-log ends and takes them again', async () => {
  const [signedOut, disabled, demoted, untouched] = (await Promise.all(
    [0, 1, 2, 3].map(() => createPerson(auth)),
  )) as [Person, Person, Person, Person];
  expect((await giveRoles(demoted, ['admin'])).statusCode).toBe(200);
  const admin = (await refresh(auth.app, demoted.refresh_token)).json();
  const restore = await backUpRedis(auth);
  now += 60_000;
  await ask(auth, signedOut, { method: 'DELETE', url: '/sessions/current' });
  expect((await disable(disabled)).statusCode).toBe(200);
  expect((await giveRoles(demoted, ['customer'])).statusCode).toBe(200);
  now += 3600_000;
  // A replica that runs on would repeat what it has heard in the last minute.
  await auth.pause(() => restore());
  await follows();

  // Why the log has to be reapplied.
  const back = await refresh(auth.app, signedOut.refresh_token);
  expect(back.statusCode).toBe(200);
  const backWhileDisabled = await refresh(auth.app, disabled.refresh_token);
  expect(backWhileDisabled.statusCode).toBe(200);
  const asAdmin = (await refresh(auth.app, admin.refresh_token)).json();
  expect(asAdmin.scope).toContain('accounts:manage');

  const told = await reapplyLog(auth);
  expect(told).toContain(`account ${signedOut.id}: 1 sessions ended`);
  expect(await fate(auth, back.json().refresh_token)).toBe('sign_out');
  expect(await fate(auth, backWhileDisabled.json().refresh_token)).toBe('account_disabled');
  expect((await refresh(auth.app, asAdmin.refresh_token)).json().scope).not.toContain('accounts:manage');
  await eventually('the access tokens of all three are refused', async () => {
    for (const { access_token } of [back.json(), backWhileDisabled.json(), asAdmin])
      expect((await whoAmI(auth.app, access_token)).statusCode).toBe(401);
  });
  expect(await fate(auth, untouched.refresh_token)).toBe('lives');
  expect(decode(untouched.access_token).claims['sub']).toBe(untouched.id);
});

test('a login that had ended with its session comes back, too; reapply-log ends it', async () => {
  const { browser, access_token: token } = await pageOf(auth.app).aSession();
  const cookies = new Map(browser.cookies);
  const restore = await backUpRedis(auth);
  now += 60_000;
  const headers = { ...bearer(token), cookie: foreignFirst(cookies) };
  const answer = await auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers });
  expect(answer.statusCode).toBe(204);
  now += 3600_000;
  await auth.pause(() => restore());
  await follows();

  const nextSignIn = async () => {
    const again = createBrowser(auth.app);
    for (const [name, value] of cookies) again.cookies.set(name, value);
    const { url } = pageOf(auth.app).pageFlow();
    return (await again.get(nextPage(await again.get(url)))).body;
  };
  expect(await nextSignIn()).not.toContain('name="password"');
  await reapplyLog(auth);
  // Until then a login that is missing may be at another server.
  now += lossSeconds * 1000;
  expect(await nextSignIn()).toContain('name="password"');
});

test('an RDB file beside append-only files is not read: that counts as a wrong Redis, and nobody loses a session', async () => {
  const person = await createPerson(auth);
  const restore = await backUpRedis(auth);
  await restore('beside the append-only files');
  await eventually('the data is known to be missing', async () =>
    expect((await auth.app.inject('/ready')).json()).toMatchObject({ warnings: ['redis_data_unknown'] }),
  );
  expect(await fate(auth, person.refresh_token)).toBe('503');
  await restore();
  await follows();
  expect(await fate(auth, person.refresh_token)).toBe('lives');
});
