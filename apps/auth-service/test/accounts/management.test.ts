import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
import {
  ask,
  createOperator,
  createPerson,
  type Database,
  openDatabase,
  type Person,
  WITHIN,
} from '../support/operator.ts';

let auth: AuthApp;
let database: Database;
let operator: Person;
beforeAll(async () => {
  auth = await startAuthApp();
  database = openDatabase(auth);
  operator = await createOperator(auth, database);
});
afterAll(async () => {
  await database.close();
  await auth.stop();
});

const get = (url: string, by = operator) => ask(auth, by, { method: 'GET', url });
const put = (url: string, payload: unknown, by = operator) => ask(auth, by, { method: 'PUT', url, payload });
const end = (url: string, by = operator) => ask(auth, by, { method: 'DELETE', url });
const setStatus = (person: Person, status: 'active' | 'disabled', by = operator) =>
  put(`/accounts/${person.id}/status`, { status }, by);

async function lives(session: Tokens): Promise<boolean> {
  return (await refresh(auth.app, session.refresh_token)).statusCode === 200;
}

function trySignIn(person: Person, password = PASSWORD) {
  return auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username: person.username, password },
    headers: from(person.username),
  });
}

async function sessionIdsOf(person: Person): Promise<string[]> {
  const answer = await get(`/accounts/${person.id}/sessions`);
  expect(answer.statusCode).toBe(200);
  return answer.json().sessions.map(({ id }: { id: string }) => id);
}

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
    expect((await get(`/accounts?username=${spelling}`)).json()).toEqual({ accounts: [expected] });
    expect((await get(`/accounts/${person.id}`)).json()).toEqual(expected);
  });

  test.each(['nobody-has-this-name', 'not a name', '%00', '%25', "' or 1=1 --"])(
    'none for %s',
    async (name) => {
      expect((await get(`/accounts?username=${name}`)).json()).toEqual({ accounts: [] });
    },
  );

  test('and sees when its password was changed', async () => {
    const person = await createPerson(auth);
    const payload = { current_password: PASSWORD, new_password: 'another long passphrase' };
    await ask(auth, person, { method: 'PUT', url: '/account/password', payload });
    const { password_changed_at: changedAt } = (await get(`/accounts/${person.id}`)).json();
    expect(Date.parse(changedAt)).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe('a disabled account', () => {
  test('has no session and gets none; sign-in says what it says of a wrong password', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const stranger = await createPerson(auth);
    const answer = await setStatus(phone, 'disabled');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: phone.id, status: 'disabled' });
    expect([await lives(phone), await lives(laptop), await lives(stranger)]).toEqual([false, false, true]);
    expect(await sessionIdsOf(phone)).toEqual([]);
    const disabled = await trySignIn(phone);
    const wrong = await trySignIn(stranger, 'not the password');
    expect(disabled.statusCode).toBe(401);
    expect({ ...disabled.json(), instance: '' }).toEqual({ ...wrong.json(), instance: '' });
  });

  test('signs in again when it is active again; its old sessions stay dead', async () => {
    const phone = await createPerson(auth);
    await setStatus(phone, 'disabled');
    const answer = await setStatus(phone, 'active');
    expect(answer.json()).toMatchObject({ status: 'active' });
    expect((await trySignIn(phone)).statusCode).toBe(201);
    expect(await lives(phone)).toBe(false);
  });

  test('is in the audit log: who did it, and which sessions ended; once, however often it is asked for', async () => {
    const phone = await createPerson(auth);
    await setStatus(phone, 'disabled');
    const { disabledAt } = await database.accountOf(phone.id);
    await setStatus(phone, 'disabled');
    expect((await database.accountOf(phone.id)).disabledAt).toEqual(disabledAt);
    await setStatus(phone, 'active');
    await setStatus(phone, 'active');
    const recorded = async () => (await database.eventsOf(phone.id)).slice(2);
    await expect.poll(async () => (await recorded()).length, WITHIN).toBe(3);
    const actor = operator.id;
    expect(await recorded()).toMatchObject([
      { event: 'account.disabled', details: { actor }, requestId: expect.any(String) },
      { event: 'session.ended', sessionId: phone.session_id, details: { actor, reason: 'account_disabled' } },
      { event: 'account.enabled', details: { actor } },
    ]);
  });

  test('cannot refresh, whichever of the two comes first', async () => {
    const phone = await createPerson(auth);
    const refreshing = [0, 1, 2].map(() => refresh(auth.app, phone.refresh_token));
    const [disabled, ...refreshed] = await Promise.all([setStatus(phone, 'disabled'), ...refreshing]);
    expect(disabled.statusCode).toBe(200);
    for (const answer of refreshed) {
      if (answer.statusCode === 200) expect(await lives(answer.json())).toBe(false);
      else expect(answer.json().error).toBe('invalid_grant');
    }
  });
});

describe('a sign-in in flight while its account is disabled', () => {
  test('that is past the password leaves no session', async () => {
    const phone = await createPerson(auth);
    const unlock = await database.lock(phone.id);
    const signingIn = trySignIn(phone);
    await database.untilWaiting(1);
    const disabling = setStatus(phone, 'disabled');
    await database.untilWaiting(2);
    await unlock();
    expect((await disabling).statusCode).toBe(200);
    // Whichever of the two got the lock first: the tokens that it may have handed out are worth nothing.
    const answer = await signingIn;
    if (answer.statusCode === 201) expect(await lives(answer.json())).toBe(false);
    expect(await sessionIdsOf(phone)).toEqual([]);
  });

  test('leaves none wherever it is, in five rounds of five', async () => {
    for (let round = 0; round < 5; round += 1) {
      const phone = await createPerson(auth);
      const signingIn = Array.from({ length: 5 }, () => trySignIn(phone));
      // A little later each round, to meet another step of theirs.
      await new Promise((resolve) => setTimeout(resolve, 25 * round));
      expect((await setStatus(phone, 'disabled')).statusCode).toBe(200);
      const answers = await Promise.all(signingIn);
      expect(await sessionIdsOf(phone)).toEqual([]);
      for (const answer of answers) {
        if (answer.statusCode === 201) expect(await lives(answer.json())).toBe(false);
        else expect([401, 503]).toContain(answer.statusCode);
      }
    }
  }, 60_000);
});

test('when Redis is away the account is disabled, the answer 503, and the same request again ends the sessions', async () => {
  const phone = await createPerson(auth);
  process.kill(auth.redis.pid, 'SIGSTOP');
  try {
    const answer = await setStatus(phone, 'disabled');
    expect(answer.json()).toMatchObject({ status: 503, code: 'session_store_unavailable' });
    expect(answer.headers['retry-after']).toBeDefined();
  } finally {
    process.kill(auth.redis.pid, 'SIGCONT');
  }
  expect((await database.accountOf(phone.id)).disabledAt).not.toBeNull();
  await expect.poll(async () => (await trySignIn(phone)).statusCode, WITHIN).toBe(401);
  expect((await setStatus(phone, 'disabled')).statusCode).toBe(200);
  expect(await lives(phone)).toBe(false);
});

describe('nobody locks themselves out', () => {
  test.each([
    ['by disabling themselves', 'status', { status: 'disabled' }],
    ['by giving up what lets them manage accounts', 'roles', { roles: ['support'] }],
    ['by giving up every role', 'roles', { roles: [] }],
  ])('%s: 409', async (_what, what, body) => {
    const answer = await put(`/accounts/${operator.id}/${what}`, body);
    expect(answer.json()).toMatchObject({ status: 409, code: 'own_account' });
    expect(await database.accountOf(operator.id)).toMatchObject({ roles: ['admin'], disabledAt: null });
  });

  test('but may change what does not, and an operator may do it to another', async () => {
    const other = await createOperator(auth, database);
    expect((await setStatus(other, 'active', other)).statusCode).toBe(200);
    const roles = await put(`/accounts/${other.id}/roles`, { roles: ['viewer', 'admin'] }, other);
    expect(roles.statusCode).toBe(200);
    expect((await put(`/accounts/${other.id}/roles`, { roles: ['viewer'] })).statusCode).toBe(200);
    expect((await setStatus(other, 'disabled')).statusCode).toBe(200);
  });
});

describe('an operator', () => {
  test('sees somebody’s devices as they do themselves, but none is the current one', async () => {
    const phone = await createPerson(auth, { device_name: 'Phone' });
    const [own] = (await get('/sessions', phone)).json().sessions;
    expect((await get(`/accounts/${phone.id}/sessions`)).json()).toEqual({
      sessions: [{ ...own, current: false }],
    });
  });

  test('ends one of them, and asking again is 404', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    const url = `/accounts/${phone.id}/sessions/${laptop.session_id}`;
    expect((await end(url)).statusCode).toBe(204);
    expect([await lives(phone), await lives(laptop)]).toEqual([true, false]);
    expect((await end(url)).json()).toMatchObject({ status: 404, code: 'session_not_found' });
    const details = { actor: operator.id, reason: 'ended_by_operator' };
    await expect
      .poll(async () => (await database.eventsOf(phone.id)).at(-1), WITHIN)
      .toMatchObject({ event: 'session.ended', sessionId: laptop.session_id, details });
  });

  test('ends all of them, and only theirs', async () => {
    const phone = await createPerson(auth);
    const laptop = await signIn(auth.app, phone.username);
    expect((await end(`/accounts/${phone.id}/sessions`)).statusCode).toBe(204);
    expect([await lives(phone), await lives(laptop)]).toEqual([false, false]);
    expect((await end(`/accounts/${phone.id}/sessions`)).statusCode).toBe(204);
    expect((await trySignIn(phone)).statusCode).toBe(201);
    expect(await lives(await signIn(auth.app, operator.username))).toBe(true);
  });

  test('does not end a session by way of an account that it is not of', async () => {
    const [phone, other] = [await createPerson(auth), await createPerson(auth)];
    expect((await end(`/accounts/${other.id}/sessions/${phone.session_id}`)).statusCode).toBe(404);
    expect(await lives(phone)).toBe(true);
  });
});

describe('access tokens that are out are refused, and say why, after', () => {
  test.each([
    ['roles_changed', 'PUT', '/roles', { roles: ['viewer'] }],
    ['account_disabled', 'PUT', '/status', { status: 'disabled' }],
    ['ended_by_operator', 'DELETE', '/sessions', undefined],
  ] as const)('%s', async (reason, method, what, payload) => {
    const person = await createPerson(auth);
    const changed = await ask(auth, operator, { method, url: `/accounts/${person.id}${what}`, payload });
    expect(changed.statusCode).toBeLessThan(300);
    const refused = async () => (await get('/account', person)).json();
    await expect.poll(refused, WITHIN).toMatchObject({ status: 401, code: 'invalid_token', reason });
  });
});

const UNKNOWN = 'A'.repeat(22);
const ROUTES = [
  ['GET', '/accounts?username=somebody', undefined],
  ['GET', '/accounts/ID', undefined],
  ['PUT', '/accounts/ID/roles', { roles: ['viewer'] }],
  ['PUT', '/accounts/ID/status', { status: 'disabled' }],
  ['GET', '/accounts/ID/sessions', undefined],
  ['DELETE', '/accounts/ID/sessions', undefined],
  ['DELETE', '/accounts/ID/sessions/SID', undefined],
] as const;

describe.each(ROUTES)('%s %s refuses', (method, path, body) => {
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
    expect(await database.accountOf(person.id)).toMatchObject({ roles: ['customer'], disabledAt: null });
    expect(await lives(person)).toBe(true);
  }

  test('who does not say who they are', async () => {
    expect((await request(person.id, {})).statusCode).toBe(401);
    await expectUnchanged();
  });

  test('a customer, also for themselves', async () => {
    const answer = await request(person.id, bearer(person.access_token));
    expect(answer.json()).toMatchObject({ status: 403, code: 'insufficient_scope' });
    await expectUnchanged();
  });
});

test.each(ROUTES.filter(([, path]) => path.includes('/ID')))(
  '%s %s refuses an id that nobody has, and what is no id',
  async (method, path, body) => {
    const request = (id: string) =>
      ask(auth, operator, {
        method,
        url: path.replace('SID', operator.session_id).replace('ID', id),
        payload: body,
      });
    expect((await request(UNKNOWN)).json()).toMatchObject({ status: 404, code: 'account_not_found' });
    for (const id of ['no-id', `${UNKNOWN}A`, '%00'.repeat(22), '..%2f..%2fkeys'])
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
  const answer = await put(`/accounts/${person.id}/${what}`, body);
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(await database.accountOf(person.id)).toMatchObject({ roles: ['customer'], disabledAt: null });
});

test.each(['/accounts', '/accounts?username=', '/accounts?username=a&username=b', '/accounts?name=a'])(
  'GET %s is refused',
  async (url) => {
    expect((await get(url)).statusCode).toBe(400);
  },
);
