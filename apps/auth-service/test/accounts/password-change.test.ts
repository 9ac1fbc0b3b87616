import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { from, impatient, lives, signIn, type Tokens, testPassword, whoAmI } from '../support/auth-app.ts';
import { createPerson, type Person } from '../support/operator.ts';
import { next, startWithPasswords } from './password-change-fixture.ts';

const auth = await forThisFile(startWithPasswords());

async function passwordChangesOf(person: Person): Promise<number> {
  const events = await auth.database.eventsOf(person.id);
  return events.filter(({ event }) => event === 'account.password_changed').length;
}

describe('a change of password', () => {
  test('counts at once, signs the other devices out, and leaves this one', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const stranger = await createPerson(auth);
    expect((await auth.change(phone)).statusCode).toBe(204);
    expect(await auth.signsInWith(phone, testPassword)).toBe(false);
    expect(await auth.signsInWith(phone, next)).toBe(true);
    expect(await lives(auth.app, phone)).toBe(true);
    expect(await lives(auth.app, laptop)).toBe(false);
    expect(await lives(auth.app, stranger)).toBe(true);
    const account = async (session: Tokens) => (await whoAmI(auth.app, session.access_token)).json();
    await eventually(`the laptop's token is refused, since the password changed`, async () =>
      expect(await account(laptop)).toMatchObject({ status: 401, reason: 'password_changed' }),
    );
    expect(await account(phone)).toMatchObject({ id: phone.id });
  });

  test('leaves the other devices when it is asked to', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    expect((await auth.change(phone, { end_other_sessions: false })).statusCode).toBe(204);
    expect(await auth.signsInWith(phone, testPassword)).toBe(false);
    expect(await lives(auth.app, laptop)).toBe(true);
  });

  test('is in the audit log, with the sessions that it ended and without a password', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    await auth.change(phone);
    const recorded = async () => (await auth.database.eventsOf(phone.id)).slice(-2);
    await eventually('the change and the end of the other session are recorded', async () =>
      expect(await recorded()).toMatchObject([
        { event: 'session.ended', sessionId: laptop.session_id, details: { reason: 'password_changed' } },
        { event: 'account.password_changed', sessionId: phone.session_id, clientId: 'latchkey-cli' },
      ]),
    );
    expect(auth.logs()).not.toContain(next);
    expect(auth.logs()).not.toContain(testPassword);
  });

  test('is taken twice: the second time changes nothing', async () => {
    const phone = await createPerson(auth);
    expect((await auth.change(phone)).statusCode).toBe(204);
    const laptop = await signIn(auth.app, phone.username, { password: next });
    const { passwordHash } = await auth.database.accountOf(phone.id);
    expect((await auth.change(phone, { end_other_sessions: false })).statusCode).toBe(204);
    expect((await auth.database.accountOf(phone.id)).passwordHash).toBe(passwordHash);
    expect(await lives(auth.app, laptop)).toBe(true);
  });

  test('is taken five times at once, and made once', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const answers = await Promise.all(Array.from({ length: 5 }, () => auth.change(phone)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204, 204, 204]);
    await eventually('the change is recorded once', async () =>
      expect(await passwordChangesOf(phone)).toBe(1),
    );
    expect(await lives(auth.app, laptop)).toBe(false);
    expect(await auth.signsInWith(phone, next)).toBe(true);
  });

  test('is taken again while the first one is being made, also when its turn comes after that', async () => {
    const phone = await createPerson(auth);
    const unlock = await auth.database.lock(phone.id);
    const first = auth.change(phone);
    await auth.database.untilWaiting(1);
    const failures = () => auth.logs().split('sign_in.failed').length;
    const failedBefore = failures();
    // These keep the hashing busy until the first request is done.
    const others = Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        auth.signsInWith({ ...phone, username: `nobody-${index}` }, next),
      ),
    );
    const second = auth.change(phone);
    await eventually('both guesses have been counted', () =>
      expect(failures()).toBeGreaterThan(failedBefore + 1),
    );
    await unlock();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([204, 204]);
    await others;
  });

  test('to two passwords at once is made once, and the other request is told that its password is wrong', async () => {
    const phone = await createPerson(auth);
    const passwords = [next, 'a third long passphrase'];
    const answers = await Promise.all(passwords.map((new_password) => auth.change(phone, { new_password })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 401]);
    const winner = answers.findIndex(({ statusCode }) => statusCode === 204);
    expect(await auth.signsInWith(phone, passwords[winner] as string)).toBe(true);
    expect(await auth.signsInWith(phone, passwords[1 - winner] as string)).toBe(false);
  });
});

describe('sign-ins with the old password', () => {
  test('that are past the check when the password changes leave no session', async () => {
    const phone = await createPerson(auth);
    const unlock = await auth.database.lock(phone.id);
    const changing = auth.change(phone);
    await auth.database.untilWaiting(1);
    const signingIn = auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'latchkey-cli', username: phone.username, password: testPassword },
      headers: from(phone.username),
    });
    await auth.database.untilWaiting(2);
    expect(await auth.sessionIdsOf(phone)).toHaveLength(2);
    await unlock();
    expect((await changing).statusCode).toBe(204);
    expect((await signingIn).json()).toMatchObject({ status: 503, code: 'account_changed' });
    expect(await auth.sessionIdsOf(phone)).toEqual([phone.session_id]);
  });

  test('at the same moment leave none either, in whichever order they run', async () => {
    for (let round = 0; round < 4; round += 1) {
      const phone = await createPerson(auth);
      const attempts = Array.from({ length: 5 }, () => signIn(auth.app, phone.username));
      const [changed] = await Promise.all([auth.change(phone), Promise.allSettled(attempts)]);
      expect(changed.statusCode).toBe(204);
      expect(await auth.sessionIdsOf(phone)).toEqual([phone.session_id]);
    }
  });
});

describe('when Redis is away', async () => {
  const replica = await auth.startReplica(impatient);

  test('before the sessions could be ended, the password stays; the same request again changes it', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const unlock = await auth.database.lock(phone.id);
    const { changing } = await eventually('a request waits for the lock', async () => {
      const changing = auth.change(phone, {}, replica);
      const early = changing.then(({ statusCode }) => expect(statusCode).toBe('not known yet'));
      await Promise.race([early, auth.database.untilWaiting(1)]);
      return { changing };
    });
    process.kill(auth.redis.pid, 'SIGSTOP');
    try {
      await unlock();
      expect((await changing).json()).toMatchObject({ status: 503, code: 'session_store_unavailable' });
    } finally {
      process.kill(auth.redis.pid, 'SIGCONT');
    }
    expect((await auth.database.accountOf(phone.id)).passwordChangedAt).toBeNull();
    await eventually('the password can be changed once more', async () =>
      expect((await auth.change(phone)).statusCode).toBe(204),
    );
    expect(await auth.signsInWith(phone, next)).toBe(true);
    expect(await lives(auth.app, laptop)).toBe(false);
  });

  test('from the start, nothing happens', async () => {
    const phone = await createPerson(auth);
    process.kill(auth.redis.pid, 'SIGSTOP');
    try {
      expect((await auth.change(phone, {}, replica)).statusCode).toBe(503);
    } finally {
      process.kill(auth.redis.pid, 'SIGCONT');
    }
    expect((await auth.database.accountOf(phone.id)).passwordChangedAt).toBeNull();
    await eventually('the old password is as good as before', async () =>
      expect(await auth.signsInWith(phone, testPassword)).toBe(true),
    );
  });
});
