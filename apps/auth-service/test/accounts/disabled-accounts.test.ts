import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { lives, refresh, signIn } from '../support/auth-app.ts';
import { createOperator, createPerson } from '../support/operator.ts';
import { startManagement } from './management-fixture.ts';

const auth = await forThisFile(startManagement());

describe('a disabled account', () => {
  test('has no session and gets none; sign-in answers as for a wrong password', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const stranger = await createPerson(auth);
    const answer = await auth.setStatus(phone, 'disabled');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: phone.id, status: 'disabled' });
    expect([
      await lives(auth.app, phone),
      await lives(auth.app, laptop),
      await lives(auth.app, stranger),
    ]).toEqual([false, false, true]);
    expect(await auth.sessionIdsOf(phone)).toEqual([]);
    const disabled = await auth.trySignIn(phone);
    const wrong = await auth.trySignIn(stranger, 'not the password');
    expect(disabled.statusCode).toBe(401);
    expect({ ...disabled.json(), instance: '' }).toEqual({ ...wrong.json(), instance: '' });
  });

  test('signs in again when it is active again; its old sessions stay dead', async () => {
    const phone = await createPerson(auth);
    await auth.setStatus(phone, 'disabled');
    const answer = await auth.setStatus(phone, 'active');
    expect(answer.json()).toMatchObject({ status: 'active' });
    expect((await auth.trySignIn(phone)).statusCode).toBe(201);
    expect(await lives(auth.app, phone)).toBe(false);
  });

  test('is in the audit log: who did it, and which sessions ended; once, however often it is asked for', async () => {
    const phone = await createPerson(auth);
    await auth.setStatus(phone, 'disabled');
    const { disabledAt } = await auth.database.accountOf(phone.id);
    await auth.setStatus(phone, 'disabled');
    expect((await auth.database.accountOf(phone.id)).disabledAt).toEqual(disabledAt);
    await auth.setStatus(phone, 'active');
    await auth.setStatus(phone, 'active');
    const recorded = async () => (await auth.database.eventsOf(phone.id)).slice(1);
    await eventually('all three changes are recorded', async () => expect((await recorded()).length).toBe(3));
    const actor = auth.operator.id;
    expect(await recorded()).toMatchObject([
      { event: 'account.disabled', details: { actor }, requestId: expect.any(String) },
      { event: 'session.ended', sessionId: phone.session_id, details: { actor, reason: 'account_disabled' } },
      { event: 'account.enabled', details: { actor } },
    ]);
  });

  test('cannot refresh, whichever of the two comes first', async () => {
    const phone = await createPerson(auth);
    const refreshing = [0, 1, 2].map(() => refresh(auth.app, phone.refresh_token));
    const [disabled, ...refreshed] = await Promise.all([auth.setStatus(phone, 'disabled'), ...refreshing]);
    expect(disabled.statusCode).toBe(200);
    for (const answer of refreshed) {
      if (answer.statusCode === 200) expect(await lives(auth.app, answer.json())).toBe(false);
      else expect(answer.json().error).toBe('invalid_grant');
    }
  });
});

describe('a sign-in in flight while its account is disabled', () => {
  test('that is past the password leaves no session', async () => {
    const phone = await createPerson(auth);
    const unlock = await auth.database.lock(phone.id);
    const signingIn = auth.trySignIn(phone);
    await auth.database.untilWaiting(1);
    const disabling = auth.setStatus(phone, 'disabled');
    await auth.database.untilWaiting(2);
    await unlock();
    expect((await disabling).statusCode).toBe(200);
    // Either request may get the lock first. Tokens that the sign-in issued must be refused.
    const answer = await signingIn;
    if (answer.statusCode === 201) expect(await lives(auth.app, answer.json())).toBe(false);
    expect(await auth.sessionIdsOf(phone)).toEqual([]);
  });

  test('leaves no session, at whatever step it is, in five rounds of five', async () => {
    for (let round = 0; round < 5; round += 1) {
      const phone = await createPerson(auth);
      const signingIn = Array.from({ length: 5 }, () => auth.trySignIn(phone));
      // Starts a little later each round, so that it meets another step of the sign-in.
      await new Promise((resolve) => setTimeout(resolve, 25 * round));
      expect((await auth.setStatus(phone, 'disabled')).statusCode).toBe(200);
      const answers = await Promise.all(signingIn);
      expect(await auth.sessionIdsOf(phone)).toEqual([]);
      for (const answer of answers) {
        if (answer.statusCode === 201) expect(await lives(auth.app, answer.json())).toBe(false);
        else expect([401, 503]).toContain(answer.statusCode);
      }
    }
  });
});

test('when Redis is away the account is disabled, the answer 503, and the same request again ends the sessions', async () => {
  const phone = await createPerson(auth);
  process.kill(auth.redis.pid, 'SIGSTOP');
  try {
    const answer = await auth.setStatus(phone, 'disabled');
    expect(answer.json()).toMatchObject({ status: 503, code: 'session_store_unavailable' });
    expect(answer.headers['retry-after']).toBeDefined();
  } finally {
    process.kill(auth.redis.pid, 'SIGCONT');
  }
  expect((await auth.database.accountOf(phone.id)).disabledAt).not.toBeNull();
  await eventually('the account is disabled', async () =>
    expect((await auth.trySignIn(phone)).statusCode).toBe(401),
  );
  expect((await auth.setStatus(phone, 'disabled')).statusCode).toBe(200);
  expect(await lives(auth.app, phone)).toBe(false);
});

describe('nobody locks themselves out', () => {
  test.each([
    ['by disabling themselves', 'status', { status: 'disabled' }],
    ['by giving up what lets them manage accounts', 'roles', { roles: ['support'] }],
    ['by giving up every role', 'roles', { roles: [] }],
  ])('%s: 409', async (_what, what, body) => {
    const answer = await auth.put(`/accounts/${auth.operator.id}/${what}`, body);
    expect(answer.json()).toMatchObject({ status: 409, code: 'own_account' });
    expect(await auth.database.accountOf(auth.operator.id)).toMatchObject({
      roles: ['admin'],
      disabledAt: null,
    });
  });

  test('but operators may make changes that do not, and may lock others out', async () => {
    const other = await createOperator(auth, auth.database);
    expect((await auth.setStatus(other, 'active', other)).statusCode).toBe(200);
    const roles = await auth.put(`/accounts/${other.id}/roles`, { roles: ['viewer', 'admin'] }, other);
    expect(roles.statusCode).toBe(200);
    expect((await auth.put(`/accounts/${other.id}/roles`, { roles: ['viewer'] })).statusCode).toBe(200);
    expect((await auth.setStatus(other, 'disabled')).statusCode).toBe(200);
  });
});
