import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  from,
  refresh,
  refreshCookie,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  type Tokens,
  testPassword,
} from '../support/auth-app.ts';
import { type Database, openDatabase } from '../support/operator.ts';

const mobile = 'latchkey-mobile';

let auth: AuthApp;
let database: Database;
beforeAll(async () => {
  auth = await startAuthApp({ env: { SESSION_LIMITS: 'latchkey-cli=3,storefront=1' } });
  database = openDatabase(auth);
});
afterAll(async () => {
  await database.close();
  await auth.stop();
});

const onPhone = (username: string) => signIn(auth.app, username, { client_id: mobile });
const refreshOnPhone = (session: Tokens) => refresh(auth.app, session.refresh_token, { client_id: mobile });

async function sessionsOf(session: Tokens): Promise<{ id: string; client_id: string }[]> {
  const answer = await auth.app.inject({ url: '/sessions', headers: bearer(session.access_token) });
  expect(answer.statusCode).toBe(200);
  return answer.json().sessions;
}

describe('one device at a time', () => {
  test('a second phone displaces the first, which is told why when it refreshes; again and again', async () => {
    const username = await register(auth.app);
    const first = await onPhone(username);
    const second = await onPhone(username);
    for (let time = 0; time < 2; time += 1) {
      const answer = await refreshOnPhone(first);
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toEqual({
        error: 'invalid_grant',
        error_description: expect.any(String),
        reason: 'displaced',
      });
    }
    expect((await refreshOnPhone(second)).statusCode).toBe(200);
    expect(await sessionsOf(second)).toMatchObject([{ id: second.session_id }]);
  });

  test('its access token dies with it, and says why', async () => {
    const username = await register(auth.app);
    const first = await onPhone(username);
    await onPhone(username);
    const account = () => auth.app.inject({ url: '/account', headers: bearer(first.access_token) });
    await eventually('the displaced session is refused', async () =>
      expect((await account()).statusCode).toBe(401),
    );
    expect((await account()).json()).toMatchObject({ code: 'invalid_token', reason: 'displaced' });
  });

  test('neither other clients’ sessions nor other people’s are touched', async () => {
    const username = await register(auth.app);
    const cli = await signIn(auth.app, username);
    const stranger = await onPhone(await register(auth.app));
    await onPhone(username);
    const phone = await onPhone(username);
    expect((await refresh(auth.app, cli.refresh_token)).statusCode).toBe(200);
    expect((await refreshOnPhone(stranger)).statusCode).toBe(200);
    expect((await sessionsOf(phone)).map(({ client_id }) => client_id).sort()).toEqual([
      'latchkey-cli',
      mobile,
    ]);
  });

  test('the audit log says what ended, why, and for which session', async () => {
    const username = await register(auth.app);
    const first = await onPhone(username);
    const second = await onPhone(username);
    const own = await auth.app.inject({ url: '/account', headers: bearer(second.access_token) });
    const recorded = async () => (await database.eventsOf(own.json().id)).slice(-2);
    await eventually('the sign-in and the displacement are recorded', async () =>
      expect(await recorded()).toMatchObject([
        { event: 'sign_in.succeeded', sessionId: second.session_id },
        {
          event: 'session.ended',
          sessionId: first.session_id,
          details: { reason: 'displaced', by_session: second.session_id },
        },
      ]),
    );
  });

  test('a wrong password displaces nobody', async () => {
    const username = await register(auth.app);
    const first = await onPhone(username);
    await expect(signIn(auth.app, username, { client_id: mobile, password: 'wrong' })).rejects.toThrow('401');
    expect((await refreshOnPhone(first)).statusCode).toBe(200);
  });
});

describe('N devices, by the setting SESSION_LIMITS', () => {
  test('the oldest ends, in order of sign-in and not of use', async () => {
    const username = await register(auth.app);
    const sessions: Tokens[] = [];
    for (let device = 0; device < 3; device += 1) sessions.push(await signIn(auth.app, username));
    const [first, second, third] = sessions as [Tokens, Tokens, Tokens];
    const refreshed = (await refresh(auth.app, first.refresh_token)).json<Tokens>();
    const fourth = await signIn(auth.app, username);
    expect((await refresh(auth.app, refreshed.refresh_token)).json().reason).toBe('displaced');
    for (const session of [second, third, fourth])
      expect((await refresh(auth.app, session.refresh_token)).statusCode).toBe(200);
  });

  test.each([
    [mobile, 1],
    ['latchkey-cli', 3],
  ])(
    'twenty sign-ins with %s at once leave exactly %i',
    async (clientId, most) => {
      const username = await register(auth.app);
      const body = { client_id: clientId };
      const before = await signIn(auth.app, username, body);
      const sessions = await Promise.all(Array.from({ length: 20 }, () => signIn(auth.app, username, body)));
      const outcomes = await Promise.all(
        [before, ...sessions].map(async ({ refresh_token }) => {
          const answer = await refresh(auth.app, refresh_token, body);
          return answer.statusCode === 200 ? 'lives' : answer.json().reason;
        }),
      );
      expect(outcomes.filter((outcome) => outcome === 'lives')).toHaveLength(most);
      expect(outcomes.filter((outcome) => outcome === 'displaced')).toHaveLength(21 - most);
      expect(outcomes[0]).toBe('displaced');
    },
    60_000,
  );

  test('a sign-in with the cookie of the previous session replaces that session, and one without it displaces it', async () => {
    const username = await register(auth.app);
    const signInByBrowser = async (cookies: Record<string, string>) => {
      const answer = await auth.app.inject({
        method: 'POST',
        url: '/sessions',
        payload: { client_id: 'storefront', username, password: testPassword },
        headers: { ...from(username), origin: storefrontOrigin },
        cookies,
      });
      return answer.cookies[0]?.value ?? '';
    };
    const reasonOf = async (cookie: string) => {
      const answer = await auth.app.inject({
        method: 'POST',
        url: '/sessions/refresh',
        payload: { client_id: 'storefront' },
        headers: { origin: storefrontOrigin },
        cookies: { [refreshCookie]: cookie },
      });
      expect(answer.statusCode).toBe(401);
      expect(answer.json().code).toBe('session_ended');
      return answer.json().reason;
    };
    const first = await signInByBrowser({});
    const second = await signInByBrowser({ [refreshCookie]: first });
    await signInByBrowser({});
    expect([await reasonOf(first), await reasonOf(second)]).toEqual(['replaced', 'displaced']);
  });
});

describe('the holder of a refresh token learns why its session has ended', () => {
  test.each([
    ['sign_out', '/sessions/current'],
    ['ended_all', '/sessions'],
  ])('%s', async (reason, url) => {
    const session = await signIn(auth.app, await register(auth.app));
    await auth.app.inject({ method: 'DELETE', url, headers: bearer(session.access_token) });
    expect((await refresh(auth.app, session.refresh_token)).json().reason).toBe(reason);
  });

  test('reuse: the first time that it is found, and afterwards to whoever had the newer token', async () => {
    const session = await signIn(auth.app, await register(auth.app));
    const second = (await refresh(auth.app, session.refresh_token)).json<Tokens>();
    const third = (await refresh(auth.app, second.refresh_token)).json<Tokens>();
    expect((await refresh(auth.app, session.refresh_token)).json().reason).toBe('reuse');
    expect((await refresh(auth.app, third.refresh_token)).json().reason).toBe('reuse');
  });

  test('but nobody else: a forged token, another client', async () => {
    const session = await signIn(auth.app, await register(auth.app));
    await auth.app.inject({ method: 'DELETE', url: '/sessions', headers: bearer(session.access_token) });
    for (const [token, client] of [
      [withAnotherMac(session.refresh_token), 'latchkey-cli'],
      [session.refresh_token, mobile],
    ] as const) {
      const answer = await refresh(auth.app, token, { client_id: client });
      expect(Object.keys(answer.json())).toEqual(['error', 'error_description']);
    }
  });
});

test('a limit that was raised counts for the next sign-in, and 0 means no limit', async () => {
  const app = await startAuthApp({ env: { SESSION_LIMITS: 'latchkey-mobile=0' } });
  try {
    const username = await register(app.app);
    const body = { client_id: mobile };
    const first = await signIn(app.app, username, body);
    for (let device = 0; device < 5; device += 1) await signIn(app.app, username, body);
    expect((await refresh(app.app, first.refresh_token, body)).statusCode).toBe(200);
  } finally {
    await app.stop();
  }
});

/** Changes a letter that is not the last, because the last one has unused bits. */
function withAnotherMac(token: string): string {
  return `${token.slice(0, -9)}${token.at(-9) === 'A' ? 'B' : 'A'}${token.slice(-8)}`;
}
