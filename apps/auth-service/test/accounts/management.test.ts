import { eventually, forThisFile } from '@latchkey/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { bearer, lives, signIn, testPassword } from '../support/auth-app.ts';
import { ask, createPerson, type Person } from '../support/operator.ts';
import { startManagement } from './management-fixture.ts';

const auth = await forThisFile(startManagement());

const end = (url: string) => ask(auth, auth.operator, { method: 'DELETE', url });

describe('an operator finds an account', () => {
  test('by its name, however it is written, and by its id', async () => {
    const person = await createPerson(auth);
    const expected = {
      id: person.id,
      username: person.username,
      roles: ['customer'],
      status: 'active',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      password_changed_at: null,
    };
    const spelling = encodeURIComponent(` ${person.username.toUpperCase()} `);
    expect((await auth.get(`/accounts?username=${spelling}`)).json()).toEqual({ accounts: [expected] });
    expect((await auth.get(`/accounts/${person.id}`)).json()).toEqual(expected);
  });

  test.each(['nobody-has-this-name', 'not a name', '%00', '%25', "' or 1=1 --"])(
    'none for %s',
    async (name) => {
      expect((await auth.get(`/accounts?username=${name}`)).json()).toEqual({ accounts: [] });
    },
  );

  test('and sees when its password was changed', async () => {
    const person = await createPerson(auth);
    const payload = { current_password: testPassword, new_password: 'another long passphrase' };
    await ask(auth, person, { method: 'PUT', url: '/account/password', payload });
    const { password_changed_at: changedAt } = (await auth.get(`/accounts/${person.id}`)).json();
    expect(Date.parse(changedAt)).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe('an operator', () => {
  test('sees a person’s devices as the person does, but none is the current one', async () => {
    const phone = await createPerson(auth, { device_name: 'Phone' });
    const [own] = (await auth.get('/sessions', phone)).json().sessions;
    expect((await auth.get(`/accounts/${phone.id}/sessions`)).json()).toEqual({
      sessions: [{ ...own, current: false }],
    });
  });

  test('ends one of them, and asking again is 404', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const url = `/accounts/${phone.id}/sessions/${laptop.session_id}`;
    expect((await end(url)).statusCode).toBe(204);
    expect([await lives(auth.app, phone), await lives(auth.app, laptop)]).toEqual([true, false]);
    expect((await end(url)).json()).toMatchObject({ status: 404, code: 'session_not_found' });
    const details = { actor: auth.operator.id, reason: 'ended_by_operator' };
    await eventually(`the end of the laptop's session is recorded`, async () =>
      expect((await auth.database.eventsOf(phone.id)).at(-1)).toMatchObject({
        event: 'session.ended',
        sessionId: laptop.session_id,
        details,
      }),
    );
  });

  test('ends all of them, and only theirs', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    expect((await end(`/accounts/${phone.id}/sessions`)).statusCode).toBe(204);
    expect([await lives(auth.app, phone), await lives(auth.app, laptop)]).toEqual([false, false]);
    expect((await end(`/accounts/${phone.id}/sessions`)).statusCode).toBe(204);
    expect((await auth.trySignIn(phone)).statusCode).toBe(201);
    expect(await lives(auth.app, await signIn(auth.app, auth.operator.username))).toBe(true);
  });

  test('does not end a session through another person’s account', async () => {
    const [phone, other] = [await createPerson(auth), await createPerson(auth)];
    expect((await end(`/accounts/${other.id}/sessions/${phone.session_id}`)).statusCode).toBe(404);
    expect(await lives(auth.app, phone)).toBe(true);
  });
});

describe('earlier access tokens are refused, with the reason, after', () => {
  test.each([
    ['roles_changed', 'PUT', '/roles', { roles: ['viewer'] }],
    ['account_disabled', 'PUT', '/status', { status: 'disabled' }],
    ['ended_by_operator', 'DELETE', '/sessions', undefined],
  ] as const)('%s', async (reason, method, what, payload) => {
    const person = await createPerson(auth);
    const changed = await ask(auth, auth.operator, { method, url: `/accounts/${person.id}${what}`, payload });
    expect(changed.statusCode).toBeLessThan(300);
    const refused = async () => (await auth.get('/account', person)).json();
    await eventually('the token is refused, and why', async () =>
      expect(await refused()).toMatchObject({ status: 401, code: 'invalid_token', reason }),
    );
  });
});

const unknown = 'A'.repeat(22);
const routes = [
  ['GET', '/accounts?username=somebody', undefined],
  ['GET', '/accounts/ID', undefined],
  ['PUT', '/accounts/ID/roles', { roles: ['viewer'] }],
  ['PUT', '/accounts/ID/status', { status: 'disabled' }],
  ['GET', '/accounts/ID/sessions', undefined],
  ['DELETE', '/accounts/ID/sessions', undefined],
  ['DELETE', '/accounts/ID/sessions/SID', undefined],
] as const;

describe.each(routes)('%s %s refuses', (method, path, body) => {
  let person: Person;
  beforeEach(async () => {
    person = await createPerson(auth);
  });

  const request = (id: string, headers: Record<string, string>) =>
    auth.app.inject({
      method,
      url: path.replace('SID', person.session_id).replace('ID', id),
      headers,
      ...(body && { payload: body }),
    });

  async function expectUnchanged(): Promise<void> {
    expect(await auth.database.accountOf(person.id)).toMatchObject({ roles: ['customer'], disabledAt: null });
    expect(await lives(auth.app, person)).toBe(true);
  }

  test('a request without a token', async () => {
    expect((await request(person.id, {})).statusCode).toBe(401);
    await expectUnchanged();
  });

  test('a customer, even for their own account', async () => {
    const answer = await request(person.id, bearer(person.access_token));
    expect(answer.json()).toMatchObject({ status: 403, code: 'insufficient_scope' });
    await expectUnchanged();
  });
});

test.each(routes.filter(([, path]) => path.includes('/ID')))(
  '%s %s refuses an unknown id, and a text that is no id',
  async (method, path, body) => {
    const request = (id: string) =>
      ask(auth, auth.operator, {
        method,
        url: path.replace('SID', auth.operator.session_id).replace('ID', id),
        payload: body,
      });
    expect((await request(unknown)).json()).toMatchObject({ status: 404, code: 'account_not_found' });
    for (const id of ['no-id', `${unknown}A`, '%00'.repeat(22), '..%2f..%2fkeys'])
      expect((await request(id)).statusCode).toBe(400);
  },
);

test.each([
  ['status', 'one that does not exist', { status: 'gone' }, 400],
  ['status', 'a truth for a word', { status: true }, 400],
  ['status', 'none', {}, 400],
  ['status', 'an unknown field', { status: 'disabled', until: 'tomorrow' }, 400],
  ['status', '2 MB', { status: 'disabled', note: 'x'.repeat(2_000_000) }, 413],
  ['roles', 'one that does not exist', { roles: ['root'] }, 400],
  ['roles', 'a word for a list', { roles: 'viewer' }, 400],
  ['roles', 'an unknown field', { roles: ['viewer'], status: 'disabled' }, 400],
])('PUT …/%s with %s is refused, and changes nothing', async (what, _what, body, status) => {
  const person = await createPerson(auth);
  const answer = await auth.put(`/accounts/${person.id}/${what}`, body);
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(await auth.database.accountOf(person.id)).toMatchObject({ roles: ['customer'], disabledAt: null });
});

test.each(['/accounts', '/accounts?username=', '/accounts?username=a&username=b', '/accounts?name=a'])(
  'GET %s is refused',
  async (url) => {
    expect((await auth.get(url)).statusCode).toBe(400);
  },
);
