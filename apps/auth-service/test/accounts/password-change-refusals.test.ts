import { eventually, forThisFile } from '@latchkey/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { nameAndNetworkLimit } from '../../src/accounts/attempt-limits.ts';
import { bearer, from, signIn, type Tokens, testPassword } from '../support/auth-app.ts';
import { ask, createPerson, type Person } from '../support/operator.ts';
import { next, startWithPasswords } from './password-change-fixture.ts';

const auth = await forThisFile(startWithPasswords());

describe('refused', () => {
  let person: Person;
  let other: Tokens;
  beforeAll(async () => {
    person = await createPerson(auth);
    other = await signIn(auth.app, person.username);
  });

  const full = { current_password: testPassword, new_password: next };
  const json = 'application/json';
  test.each([
    [
      'a wrong current password',
      { ...full, current_password: next, new_password: 'a third one, longer' },
      401,
    ],
    ['a short one', { ...full, new_password: 'short' }, 400, 'too_short'],
    ['a breached one', { ...full, new_password: 'password1' }, 400, 'breached'],
    ['257 characters', { ...full, new_password: 'x'.repeat(257) }, 400, 'too_long'],
    ['half a character', { ...full, new_password: 'x'.repeat(20) + String.fromCharCode(0xd8_00) }, 400],
    ['the current one', { ...full, new_password: testPassword }, 400, 'unchanged'],
    [
      'the current one, in wide letters',
      { ...full, new_password: testPassword.replace('a', 'ａ') },
      400,
      'unchanged',
    ],
    ['no current password', { new_password: next }, 400],
    ['no new password', { current_password: testPassword }, 400],
    ['an empty one', { ...full, new_password: '' }, 400],
    ['a number', { ...full, new_password: 1234567890123456 }, 400],
    ['a list', { ...full, new_password: [next] }, 400],
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
    expect((await auth.database.accountOf(person.id)).passwordChangedAt).toBeNull();
    expect(await auth.sessionIdsOf(person)).toContain(other.session_id);
  });

  test('the user name in it', async () => {
    const answer = await auth.change(person, { new_password: `My ${person.username}!` });
    expect(answer.json()).toMatchObject({ status: 400, code: 'weak_password', rule: 'contains_username' });
  });

  test('a wrong current password, in the words of a sign-in, and the audit log knows the session', async () => {
    const phone = await createPerson(auth);
    const answer = await auth.change(phone, { current_password: 'not the password' });
    const signingIn = await auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username: phone.username, password: 'not the password' },
      headers: from(phone.username),
    });
    expect({ ...answer.json(), instance: '' }).toEqual({ ...signingIn.json(), instance: '' });
    const failed = async () =>
      (await auth.database.eventsOf(phone.id)).filter(({ event }) => event === 'sign_in.failed');
    await eventually('both failures are recorded', async () =>
      expect(await failed()).toMatchObject([
        { sessionId: phone.session_id, clientId: 'latchkey-cli' },
        { sessionId: null },
      ]),
    );
  });

  test('guesses, by the same count as sign-ins, and then the right password, too', async () => {
    const phone = await createPerson(auth);
    for (let guess = 0; guess < nameAndNetworkLimit.most; guess += 1) {
      expect((await auth.change(phone, { current_password: `guess number ${guess}` })).statusCode).toBe(401);
    }
    const answer = await auth.change(phone);
    expect(answer.json()).toMatchObject({ status: 429, code: 'too_many_attempts' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    await expect(signIn(auth.app, phone.username)).rejects.toThrow(/429/);
    expect((await auth.database.accountOf(phone.id)).passwordChangedAt).toBeNull();
  });

  test('guesses through the new password, which is tried only right after a change, and counted', async () => {
    const phone = await createPerson(auth);
    const guess = (number: number) =>
      auth.change(phone, { current_password: `one guess ${number}`, new_password: `other guess ${number}` });
    expect((await auth.change(phone)).statusCode).toBe(204);
    const answers = [];
    for (let number = 0; number <= nameAndNetworkLimit.most / 2; number += 1)
      answers.push(await guess(number));
    expect(answers.map((answer) => answer.json().code)).toEqual([
      ...Array(nameAndNetworkLimit.most / 2).fill('invalid_credentials'),
      'too_many_attempts',
    ]);
  });

  test('the same request again, but eleven minutes later', async () => {
    const phone = await createPerson(auth);
    expect((await auth.change(phone)).statusCode).toBe(204);
    await auth.database.change(phone.id, { passwordChangedAt: new Date(Date.now() - 11 * 60_000) });
    expect((await auth.change(phone)).json()).toMatchObject({ status: 401, code: 'invalid_credentials' });
  });

  test('in a session that has ended, though its access token lives', async () => {
    const phone = await createPerson(auth);
    await ask(auth, phone, { method: 'DELETE', url: '/sessions/current' });
    const answer = await auth.change(phone);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('invalid_token');
    expect(await auth.signsInWith(phone, testPassword)).toBe(true);
  });

  test('when the account was disabled meanwhile', async () => {
    const phone = await createPerson(auth);
    const unlock = await auth.database.lock(phone.id);
    const changing = auth.change(phone);
    await auth.database.untilWaiting(1);
    await unlock('disable');
    expect((await changing).json()).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect((await auth.database.accountOf(phone.id)).passwordChangedAt).toBeNull();
  });

  test('no access token', async () => {
    const answer = await auth.app.inject({ method: 'PUT', url: '/account/password', payload: full });
    expect(answer.statusCode).toBe(401);
  });
});
