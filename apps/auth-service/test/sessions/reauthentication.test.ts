import { secondsSince } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  decode,
  from,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
  testPassword,
} from '../support/auth-app.ts';

let auth: AuthApp;
/** The data set of auth-service is an hour old, so that people can have signed in since. */
let offsetMs = -3_600_000;
beforeAll(async () => {
  auth = await startAuthApp({ clock: () => Date.now() + offsetMs });
  offsetMs = 0;
});
afterAll(() => auth.stop());

type Person = Tokens & { username: string };

/** A session whose sign-in was 200 s ago. */
async function signedInEarlier(body = {}): Promise<Person> {
  offsetMs = -200_000;
  const username = await register(auth.app);
  const tokens = await signIn(auth.app, username, body);
  offsetMs = 0;
  return { ...tokens, username };
}

function reauthenticate(person: Person, body: Record<string, unknown> = { password: testPassword }) {
  return auth.app.inject({
    method: 'POST',
    url: '/sessions/current/reauthentication',
    headers: { ...bearer(person.access_token), ...from(person.username) },
    payload: body,
  });
}

const authTimeOf = (token: string) => decode(token).claims['auth_time'] as number;
const now = () => Date.now() / 1000;

describe('the right password', () => {
  test('gives an access token of the same session whose auth_time is now, and nothing that a cache may keep', async () => {
    const person = await signedInEarlier();
    const startMs = Date.now();
    const answer = await reauthenticate(person);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
    const body = answer.json();
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 300,
      scope: person.scope,
      session_id: person.session_id,
    });
    const { claims: before } = decode(person.access_token);
    const { claims: after } = decode(body.access_token);
    expect(after).toEqual({
      ...before,
      jti: expect.any(String),
      iat: secondsSince(startMs),
      exp: (after['iat'] as number) + 300,
      auth_time: secondsSince(startMs),
    });
    expect(authTimeOf(person.access_token)).toBeLessThan(now() - 190);
  });

  test('reaches the next refresh, by the refresh token from before', async () => {
    const person = await signedInEarlier();
    const renewed = (await reauthenticate(person)).json();
    const refreshed = (await refresh(auth.app, person.refresh_token)).json<Tokens>();
    expect(authTimeOf(refreshed.access_token)).toBe(authTimeOf(renewed.access_token));
  });

  test('renews this session alone', async () => {
    const phone = await signedInEarlier();
    offsetMs = -100_000;
    const laptop = await signIn(auth.app, phone.username);
    offsetMs = 0;
    await reauthenticate(phone);
    const refreshed = (await refresh(auth.app, laptop.refresh_token)).json<Tokens>();
    expect(authTimeOf(refreshed.access_token)).toBe(authTimeOf(laptop.access_token));
  });

  test('extends nothing: the session ends when it would have', async () => {
    const person = await signedInEarlier();
    const expiry = async () => {
      const list = await auth.app.inject({ url: '/sessions', headers: bearer(person.access_token) });
      return list.json().sessions[0].expires_at;
    };
    const before = await expiry();
    await reauthenticate(person);
    expect(await expiry()).toBe(before);
  });

  test('gives no more scope than the token had that asked', async () => {
    const person = await signedInEarlier();
    const narrow = (await refresh(auth.app, person.refresh_token, { scope: 'cart:read' })).json<Tokens>();
    const body = (await reauthenticate({ ...person, access_token: narrow.access_token })).json();
    expect(body.scope).toBe('cart:read');
  });

  test('is in the audit log', async () => {
    const person = await signedInEarlier();
    await reauthenticate(person);
    const lines = auth
      .logs()
      .split('\n')
      .filter((line) => line.includes('"audit session.reauthenticated"'));
    expect(lines.filter((line) => line.includes(person.session_id))).toHaveLength(1);
  });

  test('is sent twice at once, and both answers are good', async () => {
    const person = await signedInEarlier();
    const answers = await Promise.all([reauthenticate(person), reauthenticate(person)]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect((await refresh(auth.app, person.refresh_token)).statusCode).toBe(200);
  });
});

describe('refused', () => {
  test('a wrong password: nothing is renewed', async () => {
    const person = await signedInEarlier();
    const answer = await reauthenticate(person, { password: 'another passphrase' });
    expect(answer.statusCode).toBe(401);
    expect(answer.json().code).toBe('invalid_credentials');
    const refreshed = (await refresh(auth.app, person.refresh_token)).json<Tokens>();
    expect(authTimeOf(refreshed.access_token)).toBe(authTimeOf(person.access_token));
    const line = auth
      .logs()
      .split('\n')
      .find((entry) => entry.includes('"audit sign_in.failed"') && entry.includes(person.session_id));
    expect(line).toBeDefined();
  });

  test('guesses, by the same count as at sign-in', async () => {
    const person = await signedInEarlier();
    const wrong = { password: 'another passphrase' };
    for (let guess = 0; guess < 10; guess++) await reauthenticate(person, wrong);
    const answer = await reauthenticate(person);
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBeDefined();
    await expect(signIn(auth.app, person.username)).rejects.toThrow(/429/);
  });

  test('a session that has ended, whether or not its access token is known to be revoked yet', async () => {
    const person = await signedInEarlier();
    await auth.app.inject({
      method: 'DELETE',
      url: '/sessions/current',
      headers: bearer(person.access_token),
    });
    const answer = await reauthenticate(person);
    expect(answer.statusCode).toBe(401);
    expect(['session_ended', 'invalid_token']).toContain(answer.json().code);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect((await refresh(auth.app, person.refresh_token)).json().error).toBe('invalid_grant');
  });

  test.each([
    ['no password', {}],
    ['a password that is no text', { password: 7 }],
    ['an unknown field', { password: testPassword, auth_time: 1 }],
  ])('%s', async (_what, body) => {
    expect((await reauthenticate(await signedInEarlier(), body)).statusCode).toBe(400);
  });

  test('no access token', async () => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/sessions/current/reauthentication',
      payload: { password: testPassword },
    });
    expect(answer.statusCode).toBe(401);
  });
});
