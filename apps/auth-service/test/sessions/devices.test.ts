import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { sessionKey } from '../../src/redis/key-names.ts';
import { bearer, lives, refresh, register, signIn, startAuthApp, type Tokens } from '../support/auth-app.ts';
import { connect } from './session-fixture.ts';

const auth = await forThisFile(startAuthApp());

type Listed = { id: string; device_name: string; current: boolean; created_at: string; last_used_at: string };

async function devicesOf(session: Tokens): Promise<Listed[]> {
  const answer = await auth.app.inject({ url: '/sessions', headers: bearer(session.access_token) });
  expect(answer.statusCode).toBe(200);
  return answer.json().sessions;
}

function end(session: Tokens, path: string) {
  return auth.app.inject({ method: 'DELETE', url: path, headers: bearer(session.access_token) });
}

test('a person sees each device with its name, address and last use, and which one asks', async () => {
  const username = await register(auth.app);
  const phone = await signIn(auth.app, username, { device_name: 'Phone' });
  const laptop = await signIn(auth.app, username, { device_name: '노트북' });
  const devices = await devicesOf(laptop);
  expect(devices).toHaveLength(2);
  expect(devices.find((device) => device.id === laptop.session_id)).toMatchObject({
    client_id: 'latchkey-cli',
    device_name: '노트북',
    address: expect.stringMatching(/^198\.18\./),
    current: true,
  });
  expect(devices.find((device) => device.id === phone.session_id)).toMatchObject({
    device_name: 'Phone',
    current: false,
  });

  await refresh(auth.app, phone.refresh_token);
  const [lastUsed] = await devicesOf(laptop);
  expect(lastUsed).toMatchObject({ id: phone.session_id });
  expect(Date.parse(lastUsed?.last_used_at ?? '')).toBeGreaterThan(Date.parse(lastUsed?.created_at ?? ''));
});

test('a device without a name is named after its browser and system', async () => {
  const username = await register(auth.app);
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: 'a long enough passphrase' },
    headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
  });
  expect(await devicesOf(answer.json())).toMatchObject([{ device_name: 'Firefox on Linux' }]);
});

function rename(session: Tokens, id: string, body: unknown) {
  return auth.app.inject({
    method: 'PATCH',
    url: `/sessions/${id}`,
    headers: { ...bearer(session.access_token), 'content-type': 'application/json' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('a person names a device, this one or another; nothing else of it changes', async () => {
  const username = await register(auth.app);
  const phone = await signIn(auth.app, username, { device_name: 'Phone' });
  const laptop = await signIn(auth.app, username);
  const before = (await devicesOf(laptop)).find(({ id }) => id === phone.session_id);
  const answer = await rename(laptop, phone.session_id, { device_name: 'Ada’s old 전화' });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ ...before, device_name: 'Ada’s old 전화' });
  expect(await devicesOf(laptop)).toContainEqual(answer.json());
  expect((await rename(laptop, laptop.session_id, { device_name: 'Laptop' })).json()).toMatchObject({
    device_name: 'Laptop',
    current: true,
  });
  expect(await lives(auth.app, phone)).toBe(true);
  const line = auth
    .logs()
    .split('\n')
    .find((entry) => entry.includes('"audit session.renamed"') && entry.includes(phone.session_id));
  expect(line).toBeDefined();
  expect(auth.logs()).not.toContain('전화');
});

test('a name may be as long as at sign-in, so that a session stays as small', async () => {
  const session = await signIn(auth.app, await register(auth.app));
  expect((await rename(session, session.session_id, { device_name: '가'.repeat(21) })).statusCode).toBe(200);
  const redis = connect(auth.redis.url);
  try {
    expect(await redis.object('ENCODING', sessionKey(session.session_id))).toBe('listpack');
  } finally {
    redis.disconnect();
  }
});

test.each([
  ['turns its text around', '\u202eenohP s’adA\u202c', 'enohP s’adA'],
  ['isolates and marks', 'Ada\u2066\u2069\u200f\u061c', 'Ada'],
  ['has characters of no width', 'A\u200bd\ufeffa', 'Ada'],
  ['is decomposed, and too long only so', '가'.repeat(21).normalize('NFD'), '가'.repeat(21)],
  ['is a family of emoji', '👩‍👩‍👧 iPad', '👩‍👩‍👧 iPad'],
])('of a name that %s, the visible text is kept, at sign-in and later', async (_what, typed, kept) => {
  const session = await signIn(auth.app, await register(auth.app), { device_name: typed });
  expect(await devicesOf(session)).toMatchObject([{ device_name: kept }]);
  await rename(session, session.session_id, { device_name: 'Phone' });
  expect((await rename(session, session.session_id, { device_name: typed })).json().device_name).toBe(kept);
});

test.each([
  ['one of bidi controls alone', { device_name: '\u202e\u2066' }, 400, 'device_name_blank'],
  ['one of blanks', { device_name: ' \u3164\u00a0' }, 400, 'device_name_blank'],
  ['one of 65 letters', { device_name: 'x'.repeat(65) }, 400, 'device_name_too_long'],
  ['half a character', '{"device_name":"\\ud83d"}', 400, 'malformed_body'],
  ['one of 65 bytes', { device_name: `${'가'.repeat(21)}ab` }, 400, 'device_name_too_long'],
  ['an empty one', { device_name: '' }, 400, 'invalid_request'],
  ['two lines', { device_name: 'a\nb' }, 400, 'invalid_request'],
  ['a number', { device_name: 7 }, 400, 'invalid_request'],
  ['none', {}, 400, 'invalid_request'],
  ['an unknown field', { device_name: 'Phone', address: '192.0.2.1' }, 400, 'invalid_request'],
  ['a prototype', '{"__proto__":{"x":1},"device_name":"Phone"}', 400, 'malformed_body'],
  ['half of a body', '{"device_name":', 400, 'malformed_body'],
  ['2 MB', { device_name: 'x'.repeat(2_000_000) }, 413, 'body_too_large'],
])('as a name, %s is refused', async (_what, body, status, code) => {
  const session = await signIn(auth.app, await register(auth.app), { device_name: 'Phone' });
  expect((await rename(session, session.session_id, body)).json()).toMatchObject({ status, code });
  expect(await devicesOf(session)).toMatchObject([{ device_name: 'Phone' }]);
});

test('nobody can name another person’s device, one that is gone, or any without a token', async () => {
  const victim = await signIn(auth.app, await register(auth.app), { device_name: 'Phone' });
  const username = await register(auth.app);
  const [stranger, gone] = [await signIn(auth.app, username), await signIn(auth.app, username)];
  await end(stranger, `/sessions/${gone.session_id}`);
  const body = { device_name: 'Mine' };
  const answers = [];
  for (const id of [victim.session_id, gone.session_id, `0-${'a'.repeat(22)}`, 'current'])
    answers.push(await rename(stranger, id, body));
  expect(answers.map((answer) => ({ ...answer.json(), instance: '' }))).toEqual(
    Array(4).fill(expect.objectContaining({ status: 404, code: 'session_not_found' })),
  );
  const anonymous = await auth.app.inject({
    method: 'PATCH',
    url: `/sessions/${victim.session_id}`,
    payload: body,
  });
  expect(anonymous.statusCode).toBe(401);
  expect(await devicesOf(victim)).toMatchObject([{ device_name: 'Phone' }]);
});

test('signing out ends this session at once, and asking twice changes nothing', async () => {
  const session = await signIn(auth.app, await register(auth.app));
  expect((await end(session, '/sessions/current')).statusCode).toBe(204);
  expect(await lives(auth.app, session)).toBe(false);
  // By then its token is refused, or soon will be.
  expect([204, 401]).toContain((await end(session, '/sessions/current')).statusCode);
});

test('ending another device, all others, or all ends just those', async () => {
  const username = await register(auth.app);
  const [first, second, third] = [
    await signIn(auth.app, username),
    await signIn(auth.app, username),
    await signIn(auth.app, username),
  ];
  expect((await end(first, `/sessions/${second.session_id}`)).statusCode).toBe(204);
  expect(await lives(auth.app, second)).toBe(false);
  expect(await devicesOf(first)).toHaveLength(2);

  expect((await end(first, '/sessions?except=current')).statusCode).toBe(204);
  expect(await lives(auth.app, third)).toBe(false);
  expect(await devicesOf(first)).toMatchObject([{ id: first.session_id, current: true }]);

  expect((await end(first, '/sessions')).statusCode).toBe(204);
  expect(await lives(auth.app, first)).toBe(false);
});

test('nobody can end, or learn of, somebody else’s session', async () => {
  const victim = await signIn(auth.app, await register(auth.app));
  const stranger = await signIn(auth.app, await register(auth.app));
  const foreign = await end(stranger, `/sessions/${victim.session_id}`);
  const unknown = await end(stranger, `/sessions/0-${'a'.repeat(22)}`);
  expect([foreign.statusCode, unknown.statusCode]).toEqual([404, 404]);
  expect({ ...foreign.json(), instance: '' }).toEqual({ ...unknown.json(), instance: '' });
  expect(await lives(auth.app, victim)).toBe(true);
});

test('every end is in the audit log, with its reason', async () => {
  const session = await signIn(auth.app, await register(auth.app));
  await end(session, '/sessions/current');
  const line = auth
    .logs()
    .split('\n')
    .find((entry) => entry.includes('session.ended') && entry.includes(session.session_id));
  expect(line).toContain('sign_out');
});

test('a device name of more than 64 bytes is refused, and no session starts', async () => {
  const username = await register(auth.app);
  await expect(signIn(auth.app, username, { device_name: '가'.repeat(22) })).rejects.toThrow(
    /400.*device_name_too_long/,
  );
  expect(await devicesOf(await signIn(auth.app, username, { device_name: '가'.repeat(21) }))).toHaveLength(1);
});

test('every sign-in has a session id of its own, and Redis holds no refresh token of any', async () => {
  const username = await register(auth.app);
  const [first, second] = [await signIn(auth.app, username), await signIn(auth.app, username)];
  expect(first.session_id).not.toBe(second.session_id);
  const redis = connect(auth.redis.url);
  try {
    const macs = [first, second].map((session) => session.refresh_token.split('.').at(-1) as string);
    for (const key of await redis.keys('*')) {
      const content = (await redis.dumpBuffer(key))?.toString('latin1') ?? '';
      expect(content).not.toContain('rt1.');
      for (const mac of macs) expect(content).not.toContain(mac);
    }
  } finally {
    redis.disconnect();
  }
});

test.each([
  ['an unknown query', 'DELETE', '/sessions?except=me', 400],
  ['an id of another shape', 'DELETE', '/sessions/../../etc', 404],
] as const)('%s is refused, and nothing ends', async (_what, method, url, status) => {
  const session = await signIn(auth.app, await register(auth.app));
  const answer = await auth.app.inject({ method, url, headers: bearer(session.access_token) });
  expect(answer.statusCode).toBe(status);
  expect(await lives(auth.app, session)).toBe(true);
});
