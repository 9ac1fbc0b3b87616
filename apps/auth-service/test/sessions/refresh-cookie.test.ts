import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { writeRefreshToken } from '../../src/sessions/refresh-token.ts';
import { firstGeneration } from '../../src/sessions/session-starts.ts';
import {
  bearer,
  from,
  refreshCookie,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testPassword,
} from '../support/auth-app.ts';
import { createMacKeys } from './session-fixture.ts';

const [key] = createMacKeys();
const auth = await forThisFile(startAuthApp());
const username = await register(auth.app);

function post(path: string, { payload, cookie, headers }: Request) {
  const url = { method: 'POST', url: path } as const;
  return auth.app.inject({
    ...url,
    payload: { client_id: 'storefront', ...payload },
    headers: { origin: storefrontOrigin, ...headers, ...cookieHeader(cookie) },
  });
}
type Request = { payload?: object; cookie?: string | undefined; headers?: Record<string, string> };

async function start(cookie?: string, person = username) {
  const answer = await post('/sessions', {
    payload: { username: person, password: testPassword },
    cookie,
    headers: from(person),
  });
  expect(answer.statusCode).toBe(201);
  const { access_token: token, session_id: id } = answer.json();
  return { token, id, refreshToken: answer.cookies[0]?.value ?? '' };
}

const cookieHeader = (cookie: string | undefined) => (cookie === undefined ? {} : { cookie });
const refresh = (cookie: string | undefined) => post('/sessions/refresh', { cookie });
const named = (refreshToken: string) => `${refreshCookie}=${refreshToken}`;

/** A token from another auth-service of the same name, which has another MAC key. */
const foreign = (sessionId = `0-${'a'.repeat(22)}`) =>
  writeRefreshToken({ sessionId, generation: firstGeneration, clientId: 'storefront', key });

async function signOut({ token }: { token: string }) {
  const headers = { ...bearer(token) };
  const answer = await auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers });
  expect(answer.statusCode).toBe(204);
}

test('a browser whose clock is wrong keeps it for as long as the session lives', async () => {
  const payload = { username, password: testPassword };
  const [cookie] = (await post('/sessions', { payload, headers: from(username) })).cookies;
  const month = 30 * 86_400;
  expect(cookie?.maxAge).toBeGreaterThan(month - 60);
  expect(cookie?.maxAge).toBeLessThanOrEqual(month);
});

test('two issuers of one host have cookies of two names', async () => {
  const other = await startAuthApp({ env: { ISSUER: 'http://localhost:4100' } });
  try {
    const stranger = await register(other.app);
    const { cookies } = await other.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username: stranger, password: testPassword },
      headers: { ...from(stranger), origin: storefrontOrigin },
    });
    const names = [cookies[0]?.name, refreshCookie];
    for (const name of names) expect(name).toMatch(/^latchkey-refresh-[0-9a-f]{8}$/);
    expect(new Set(names).size).toBe(2);
  } finally {
    await other.stop();
  }
});

describe('a good cookie refreshes, whatever else the browser sends', () => {
  test.each<[string, (ours: string) => string]>([
    ['nothing', (ours) => named(ours)],
    ['a foreign one of its name before it', (ours) => `${named('of-another-app')}; ${named(ours)}`],
    ['a foreign one of its name after it', (ours) => `${named(ours)}; ${named('of-another-app')}`],
    ['a forged one before it', (ours) => `${named(foreign())}; ${named(ours)}`],
    ['a forged one after it, of a later generation', (ours) => `${named(ours)}; ${named(foreign())}`],
    ['a hundred forged ones', (ours) => `${`${named(foreign())}; `.repeat(100)}${named(ours)}`],
    ['itself again', (ours) => `${named(ours)}; ${named(ours)}`],
    ['another app’s refresh_token', (ours) => `refresh_token=theirs; ${named(ours)}`],
    ['quotes around it', (ours) => named(`"${ours}"`)],
    ['dots that are percent-encoded', (ours) => named(ours.replaceAll('.', '%2E'))],
    ['no spaces', (ours) => `a=1;${named(ours)};b=2`],
    [
      'pairs that are none',
      (ours) => `;;=;=x; lonely; %E0%A4%A=%E0%A4%A; ${named('%E0%A4%A')}; ${named(ours)};`,
    ],
  ])('%s', async (_what, cookie) => {
    const { refreshToken } = await start();
    const answer = await refresh(cookie(refreshToken));
    expect(answer.statusCode).toBe(200);
    expect(answer.cookies).toMatchObject([{ name: refreshCookie, value: expect.stringMatching(/^rt1\./) }]);
    expect(answer.cookies[0]?.value).not.toBe(refreshToken);
  });
});

describe('two cookies of ours', () => {
  const orders = [
    ['before', (one: string, other: string) => `${named(one)}; ${named(other)}`],
    ['after', (one: string, other: string) => `${named(other)}; ${named(one)}`],
  ] as const;

  test.each(orders)('an outdated one %s the current one is no theft', async (_where, cookies) => {
    const { refreshToken: first } = await start();
    const second = (await refresh(named(first))).cookies[0]?.value ?? '';
    const third = (await refresh(named(second))).cookies[0]?.value ?? '';
    const answer = await refresh(cookies(first, third));
    expect(answer.statusCode).toBe(200);
    expect((await refresh(named(answer.cookies[0]?.value ?? ''))).statusCode).toBe(200);
  });

  test.each(orders)('one of a dead session %s a good one does no harm', async (_where, cookies) => {
    const [dead, good] = [await start(), await start()];
    await signOut(dead);
    const answer = await refresh(cookies(dead.refreshToken, good.refreshToken));
    expect(answer.statusCode).toBe(200);
    expect(answer.json().session_id).toBe(good.id);
  });

  test('of two good ones the last is taken, and the other stays good', async () => {
    const [planted, ours] = [await start(), await start()];
    const answer = await refresh(`${named(planted.refreshToken)}; ${named(ours.refreshToken)}`);
    expect(answer.json().session_id).toBe(ours.id);
    expect((await refresh(named(planted.refreshToken))).statusCode).toBe(200);
  });

  test('all dead, the answer says why', async () => {
    const [one, other] = [await start(), await start()];
    await signOut(one);
    await auth.app.inject({ method: 'DELETE', url: '/sessions', headers: bearer(other.token) });
    const answer = await refresh(`${named(one.refreshToken)}; ${named(other.refreshToken)}`);
    expect(answer.json()).toMatchObject({ code: 'session_ended', reason: 'ended_all' });
    expect(answer.cookies).toMatchObject([{ name: refreshCookie, value: '' }]);
  });

  test('signing in anew ends the sessions of both', async () => {
    const [one, other] = [await start(), await start()];
    await start(`${named(one.refreshToken)}; ${named(foreign())}; ${named(other.refreshToken)}`);
    for (const { refreshToken } of [one, other])
      expect((await refresh(named(refreshToken))).json().reason).toBe('replaced');
  });

  test('a copy that was replaced long ago, alone, still ends the session', async () => {
    const { refreshToken: first } = await start();
    const second = (await refresh(named(first))).cookies[0]?.value ?? '';
    await refresh(named(second));
    expect((await refresh(named(first))).json().reason).toBe('reuse');
  });
});

describe('nothing is deleted that is not ours', () => {
  test.each<[string, () => string | undefined | Promise<string>, string]>([
    ['no cookie', () => undefined, 'no_cookie'],
    ['a foreign one', () => named('of-another-app'), 'no_cookie'],
    ['a forged one', () => named(foreign()), 'no_cookie'],
    ['another app’s refresh_token', () => 'refresh_token=of-another-app', 'no_cookie'],
    [
      'the token of another client',
      async () => named((await signIn(auth.app, username)).refresh_token),
      'no_cookie',
    ],
    [
      'a foreign one beside a dead one of ours',
      async () => {
        const dead = await start();
        await signOut(dead);
        return `${named('of-another-app')}; ${named(dead.refreshToken)}`;
      },
      'sign_out',
    ],
  ])('refreshing with %s', async (_what, cookie, reason) => {
    const answer = await refresh(await cookie());
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'session_ended', reason });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('signing out takes the cookie away when it is of that session, and only then', async () => {
    const other = await start(undefined, await register(auth.app));
    const clearedWith = async (cookie: (ours: string) => string | undefined, path = '/sessions/current') => {
      const session = await start();
      const headers = { ...bearer(session.token), ...cookieHeader(cookie(session.refreshToken)) };
      const answer = await auth.app.inject({ method: 'DELETE', url: path, headers });
      expect(answer.statusCode).toBe(204);
      return answer.cookies.map(({ name, value }) => [name, value]);
    };
    const cleared = [[refreshCookie, '']];
    expect(await clearedWith(named)).toEqual(cleared);
    expect(await clearedWith(named, '/sessions')).toEqual(cleared);
    expect(await clearedWith(named, '/sessions?except=current')).toEqual([]);
    for (const path of ['/sessions/current', '/sessions']) {
      expect(await clearedWith(() => undefined, path)).toEqual([]);
      expect(await clearedWith(() => named('of-another-app'), path)).toEqual([]);
      expect(await clearedWith(() => named(other.refreshToken), path)).toEqual([]);
    }
    expect((await refresh(named(other.refreshToken))).statusCode).toBe(200);
  });
});
