import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAME_AND_NETWORK } from '../../src/accounts/attempt-limits.ts';
import {
  type AuthApp,
  bearer,
  from,
  PASSWORD,
  refresh,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';
import { ask, createPerson, type Database, openDatabase, type Person, WITHIN } from '../support/operator.ts';

const NEXT = 'another long passphrase';

let auth: AuthApp;
let database: Database;
beforeAll(async () => {
  auth = await startAuthApp();
  database = openDatabase(auth);
});
afterAll(async () => {
  await database.close();
  await auth.stop();
});

function change(person: Person, body: Record<string, unknown> = {}) {
  const payload = { current_password: PASSWORD, new_password: NEXT, ...body };
  return ask(auth, person, { method: 'PUT', url: '/account/password', payload });
}

async function lives(session: Tokens): Promise<boolean> {
  return (await refresh(auth.app, session.refresh_token)).statusCode === 200;
}

async function signsInWith(person: Person, password: string): Promise<boolean> {
  return signIn(auth.app, person.username, { password }).then(Boolean, () => false);
}

async function sessionIdsOf(person: Person): Promise<string[]> {
  const list = await ask(auth, person, { method: 'GET', url: '/sessions' });
  return list.json().sessions.map(({ id }: { id: string }) => id);
}

async function passwordChangesOf(person: Person): Promise<number> {
  const events = await database.eventsOf(person.id);
  return events.filter(({ event }) => event === 'account.password_changed').length;
}

describe('a change of password', () => {
  test('counts at once, signs the other devices out, and leaves this one', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const stranger = await createPerson(auth);
    expect((await change(phone)).statusCode).toBe(204);
    expect(await signsInWith(phone, PASSWORD)).toBe(false);
    expect(await signsInWith(phone, NEXT)).toBe(true);
    expect(await lives(phone)).toBe(true);
    expect(await lives(laptop)).toBe(false);
    expect(await lives(stranger)).toBe(true);
    const account = async (session: Tokens) =>
      (await auth.app.inject({ url: '/account', headers: bearer(session.access_token) })).json();
    await expect
      .poll(() => account(laptop), WITHIN)
      .toMatchObject({ status: 401, reason: 'password_changed' });
    expect(await account(phone)).toMatchObject({ id: phone.id });
  });

  test('leaves the other devices when it is asked to', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    expect((await change(phone, { end_other_sessions: false })).statusCode).toBe(204);
    expect(await signsInWith(phone, PASSWORD)).toBe(false);
    expect(await lives(laptop)).toBe(true);
  });

  test('is in the audit log, with the sessions that it ended and without a password', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    await change(phone);
    const recorded = async () => (await database.eventsOf(phone.id)).slice(-2);
    await expect.poll(recorded, WITHIN).toMatchObject([
      { event: 'session.ended', sessionId: laptop.session_id, details: { reason: 'password_changed' } },
      { event: 'account.password_changed', sessionId: phone.session_id, clientId: 'latchkey-cli' },
    ]);
    expect(auth.logs()).not.toContain(NEXT);
    expect(auth.logs()).not.toContain(PASSWORD);
  });

  test('is taken twice: the second time changes nothing', async () => {
    const phone = await createPerson(auth);
    expect((await change(phone)).statusCode).toBe(204);
    const laptop = await signIn(auth.app, phone.username, { password: NEXT });
    const { passwordHash } = await database.accountOf(phone.id);
    expect((await change(phone, { end_other_sessions: false })).statusCode).toBe(204);
    expect((await database.accountOf(phone.id)).passwordHash).toBe(passwordHash);
    expect(await lives(laptop)).toBe(true);
  });

  test('is taken five times at once, and made once', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const answers = await Promise.all(Array.from({ length: 5 }, () => change(phone)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204, 204, 204]);
    await expect.poll(() => passwordChangesOf(phone), WITHIN).toBe(1);
    expect(await lives(laptop)).toBe(false);
    expect(await signsInWith(phone, NEXT)).toBe(true);
  });

  test('is taken again while the first one is being made, also when its turn comes after that', async () => {
    const phone = await createPerson(auth);
    const unlock = await database.lock(phone.id);
    const first = change(phone);
    await database.untilWaiting(1);
    const failures = () => auth.logs().split('sign_in.failed').length;
    const failedBefore = failures();
    // Others, who keep the hashing busy until the first is done.
    const others = Promise.all(
      Array.from({ length: 16 }, (_, index) => signsInWith({ ...phone, username: `nobody-${index}` }, NEXT)),
    );
    const second = change(phone);
    await expect.poll(failures, { ...WITHIN, interval: 1 }).toBeGreaterThan(failedBefore + 1);
    await unlock();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([204, 204]);
    await others;
  });

  test('to two passwords at once is made once, and the other request is told that its password is wrong', async () => {
    const phone = await createPerson(auth);
    const passwords = [NEXT, 'a third long passphrase'];
    const answers = await Promise.all(passwords.map((new_password) => change(phone, { new_password })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 401]);
    const winner = answers.findIndex(({ statusCode }) => statusCode === 204);
    expect(await signsInWith(phone, passwords[winner] as string)).toBe(true);
    expect(await signsInWith(phone, passwords[1 - winner] as string)).toBe(false);
  });
});

describe('sign-ins with the old password', () => {
  test('that are past the check when the password changes leave no session', async () => {
    const phone = await createPerson(auth);
    const unlock = await database.lock(phone.id);
    const changing = change(phone);
    await database.untilWaiting(1);
    const signingIn = auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username: phone.username, password: PASSWORD },
      headers: from(phone.username),
    });
    await database.untilWaiting(2);
    expect(await sessionIdsOf(phone)).toHaveLength(2);
    await unlock();
    expect((await changing).statusCode).toBe(204);
    expect((await signingIn).json()).toMatchObject({ status: 503, code: 'account_changed' });
    expect(await sessionIdsOf(phone)).toEqual([phone.session_id]);
  });

  test('at the same moment leave none either, whoever is first', async () => {
    for (let round = 0; round < 4; round += 1) {
      const phone = await createPerson(auth);
      const attempts = Array.from({ length: 5 }, () => signIn(auth.app, phone.username));
      const [changed] = await Promise.all([change(phone), Promise.allSettled(attempts)]);
      expect(changed.statusCode).toBe(204);
      expect(await sessionIdsOf(phone)).toEqual([phone.session_id]);
    }
  }, 60_000);
});

describe('when Redis is away', () => {
  test('before the sessions could be ended, the password stays; the same request again changes it', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const unlock = await database.lock(phone.id);
    const changing = change(phone);
    await database.untilWaiting(1);
    process.kill(auth.redis.pid, 'SIGSTOP');
    try {
      await unlock();
      expect((await changing).json()).toMatchObject({ status: 503, code: 'session_store_unavailable' });
    } finally {
      process.kill(auth.redis.pid, 'SIGCONT');
    }
    expect((await database.accountOf(phone.id)).passwordChangedAt).toBeNull();
    await expect.poll(async () => (await change(phone)).statusCode, WITHIN).toBe(204);
    expect(await signsInWith(phone, NEXT)).toBe(true);
    expect(await lives(laptop)).toBe(false);
  });

  test('from the start, nothing happens', async () => {
    const phone = await createPerson(auth);
    process.kill(auth.redis.pid, 'SIGSTOP');
    try {
      expect((await change(phone)).statusCode).toBe(503);
    } finally {
      process.kill(auth.redis.pid, 'SIGCONT');
    }
    expect((await database.accountOf(phone.id)).passwordChangedAt).toBeNull();
    await expect.poll(() => signsInWith(phone, PASSWORD), WITHIN).toBe(true);
  });
});

describe('refused', () => {
  let person: Person;
  let other: Tokens;
  beforeAll(async () => {
    person = await createPerson(auth);
    other = await signIn(auth.app, person.username);
  });

  const full = { current_password: PASSWORD, new_password: NEXT };
  const json = 'application/json';
  test.each([
    [
      'a wrong current password',
      { ...full, current_password: NEXT, new_password: 'a third one, longer' },
      401,
    ],
    ['a short one', { ...full, new_password: 'short' }, 400, 'too_short'],
    ['a breached one', { ...full, new_password: 'password1' }, 400, 'breached'],
    ['257 characters', { ...full, new_password: 'x'.repeat(257) }, 400, 'too_long'],
    [
      'half a character',
      { ...full, new_password: 'x'.repeat(20) + String.fromCharCode(0xd8_00) },
      400,
      'not_text',
    ],
    ['the current one', { ...full, new_password: PASSWORD }, 400, 'unchanged'],
    [
      'the current one, in wide letters',
      { ...full, new_password: PASSWORD.replace('a', 'ａ') },
      400,
      'unchanged',
    ],
    ['no current password', { new_password: NEXT }, 400],
    ['no new password', { current_password: PASSWORD }, 400],
    ['an empty one', { ...full, new_password: '' }, 400],
    ['a number', { ...full, new_password: 1234567890123456 }, 400],
    ['a list', { ...full, new_password: [NEXT] }, 400],
    ['a word for a truth', { ...full, end_other_sessions: 'false' }, 400],
    ['an unknown field', { ...full, username: 'somebody' }, 400],
    ['a list of requests', [full], 400],
    ['nothing', '', 400],
    ['half of a body', '{"current_password":', 400],
    ['a prototype', `{"__proto__":{"end_other_sessions":false},${JSON.stringify(full).slice(1)}`, 400],
    ['a form', new URLSearchParams(full).toString(), 415, undefined, 'application/x-www-form-urlencoded'],
    ['2 MB', { ...full, new_password: 'x'.repeat(2_000_000) }, 413],
  ])('%s', async (_what, body, status, rule = undefined, contentType = json) => {
    const answer = await auth.app.inject({
      method: 'PUT',
      url: '/account/password',
      headers: { ...bearer(person.access_token), ...from(person.username), 'content-type': contentType },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json().rule).toBe(rule);
    expect((await database.accountOf(person.id)).passwordChangedAt).toBeNull();
    expect(await sessionIdsOf(person)).toContain(other.session_id);
  });

  test('the user name in it', async () => {
    const answer = await change(person, { new_password: `My ${person.username}!` });
    expect(answer.json()).toMatchObject({ status: 400, code: 'weak_password', rule: 'contains_username' });
  });

  test('a wrong current password, in the words of a sign-in, and the audit log knows the session', async () => {
    const phone = await createPerson(auth);
    const answer = await change(phone, { current_password: 'not the password' });
    const signingIn = await auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username: phone.username, password: 'not the password' },
      headers: from(phone.username),
    });
    expect({ ...answer.json(), instance: '' }).toEqual({ ...signingIn.json(), instance: '' });
    const failed = async () =>
      (await database.eventsOf(phone.id)).filter(({ event }) => event === 'sign_in.failed');
    await expect
      .poll(failed, WITHIN)
      .toMatchObject([{ sessionId: phone.session_id, clientId: 'latchkey-cli' }, { sessionId: null }]);
  });

  test('guesses, by the count that sign-ins have, which holds for the right password too', async () => {
    const phone = await createPerson(auth);
    for (let guess = 0; guess < NAME_AND_NETWORK.most; guess += 1) {
      expect((await change(phone, { current_password: `guess number ${guess}` })).statusCode).toBe(401);
    }
    const answer = await change(phone);
    expect(answer.json()).toMatchObject({ status: 429, code: 'too_many_attempts' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    await expect(signIn(auth.app, phone.username)).rejects.toThrow(/429/);
    expect((await database.accountOf(phone.id)).passwordChangedAt).toBeNull();
  });

  test('guesses by way of the new password: it is tried only right after a change, and counted', async () => {
    const phone = await createPerson(auth);
    const guess = (number: number) =>
      change(phone, { current_password: `one guess ${number}`, new_password: `other guess ${number}` });
    expect((await change(phone)).statusCode).toBe(204);
    const answers = [];
    for (let number = 0; number <= NAME_AND_NETWORK.most / 2; number += 1) answers.push(await guess(number));
    expect(answers.map((answer) => answer.json().code)).toEqual([
      ...Array(NAME_AND_NETWORK.most / 2).fill('invalid_credentials'),
      'too_many_attempts',
    ]);
  });

  test('the same request once more, but eleven minutes later', async () => {
    const phone = await createPerson(auth);
    expect((await change(phone)).statusCode).toBe(204);
    await database.change(phone.id, { passwordChangedAt: new Date(Date.now() - 11 * 60_000) });
    expect((await change(phone)).json()).toMatchObject({ status: 401, code: 'invalid_credentials' });
  });

  test('in a session that has ended, though its access token lives', async () => {
    const phone = await createPerson(auth);
    await ask(auth, phone, { method: 'DELETE', url: '/sessions/current' });
    const answer = await change(phone);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('invalid_token');
    expect(await signsInWith(phone, PASSWORD)).toBe(true);
  });

  test('when the account was disabled meanwhile', async () => {
    const phone = await createPerson(auth);
    const unlock = await database.lock(phone.id);
    const changing = change(phone);
    await database.untilWaiting(1);
    await unlock('disable');
    expect((await changing).json()).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect((await database.accountOf(phone.id)).passwordChangedAt).toBeNull();
  });

  test('no access token', async () => {
    const answer = await auth.app.inject({ method: 'PUT', url: '/account/password', payload: full });
    expect(answer.statusCode).toBe(401);
  });
});
