import { randomBytes } from 'node:crypto';
import { createProver, type ProofRequest, type Prover } from '@latchkey/auth-client/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  decode,
  from,
  refreshCookie,
  register,
  startAuthApp,
  storefrontOrigin,
  testIssuer,
  testPassword,
} from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const { app } = auth;
const database = openDatabase(auth);
afterAll(() => database.close());
beforeEach(() => {
  ahead = 0;
});

type Cookies = Record<string, string>;
type Headers = Record<string, string>;

const proofAt = (path: string, by: Prover, changes: Partial<ProofRequest> = {}) =>
  by.prove({ method: 'POST', url: testIssuer + path, ...changes });

async function signIn({
  username,
  key,
  cookies = {},
  body = {},
  clientId = 'storefront',
}: {
  username: string;
  key?: Prover | undefined;
  cookies?: Cookies;
  body?: Record<string, unknown>;
  clientId?: string;
}) {
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: clientId, username, password: testPassword, ...body },
    cookies,
    headers: {
      ...from(username),
      ...(clientId === 'storefront' && { origin: storefrontOrigin }),
      ...(key && { dpop: proofAt('/sessions', key) }),
    },
  });
  const [set] = answer.cookies;
  return { answer, cookies: { [refreshCookie]: set?.value ?? '' }, ...answer.json() };
}

async function refresh(cookies: Cookies, proof?: string) {
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions/refresh',
    payload: { client_id: 'storefront' },
    cookies,
    headers: { origin: storefrontOrigin, ...(proof !== undefined && { dpop: proof }) },
  });
  return { answer, cookies: { [refreshCookie]: answer.cookies[0]?.value ?? '' }, ...answer.json() };
}

const withKey = (token: string, key: Prover, request: Omit<ProofRequest, 'accessToken'>): Headers => ({
  authorization: `DPoP ${token}`,
  dpop: key.prove({ ...request, accessToken: token }),
});

async function devices(token: string, key: Prover) {
  const headers = withKey(token, key, { method: 'GET', url: `${testIssuer}/sessions` });
  return (await app.inject({ url: '/sessions', headers })).json().sessions;
}

const somebody = async () => ({ username: await register(app), key: createProver() });

describe('a browser that proves a key when it signs in', () => {
  test('gets a token that is bound to it, and says so in the list of devices', async () => {
    const { username, key } = await somebody();
    const { answer, access_token, token_type } = await signIn({ username, key });
    expect([answer.statusCode, token_type]).toEqual([201, 'DPoP']);
    expect(decode(access_token).claims['cnf']).toEqual({ jkt: key.thumbprint });
    const list = await devices(access_token, key);
    expect(list).toMatchObject([{ current: true, bound: true }]);
    expect(list[0]).not.toHaveProperty('foreign_key_at');
  });

  test('refreshes with that key; the new token is bound to it as well', async () => {
    const { username, key } = await somebody();
    const { cookies } = await signIn({ username, key });
    const renewed = await refresh(cookies, proofAt('/sessions/refresh', key));
    expect([renewed.answer.statusCode, renewed.token_type]).toEqual([200, 'DPoP']);
    expect(decode(renewed.access_token).claims['cnf']).toEqual({ jkt: key.thumbprint });
  });

  test('is not signed out when a reply is lost, however late it comes back', async () => {
    const { username, key } = await somebody();
    const { cookies } = await signIn({ username, key });
    const lost = await refresh(cookies, proofAt('/sessions/refresh', key));
    for (const later of [70, 3600, 86_400]) {
      ahead = later * 1000;
      // The clock of the browser is another one, so it is told a nonce.
      const refused = await refresh(cookies, proofAt('/sessions/refresh', key));
      expect([refused.answer.statusCode, refused.code]).toEqual([401, 'use_dpop_nonce']);
      const nonce = String(refused.answer.headers['dpop-nonce']);
      const again = await refresh(cookies, proofAt('/sessions/refresh', key, { nonce }));
      expect([again.answer.statusCode, again.cookies]).toEqual([200, lost.cookies]);
    }
  });

  test('authenticates again without losing the key', async () => {
    const { username, key } = await somebody();
    const { access_token } = await signIn({ username, key });
    const path = '/sessions/current/reauthentication';
    const answer = await app.inject({
      method: 'POST',
      url: path,
      payload: { password: testPassword },
      headers: {
        ...from(username),
        ...withKey(access_token, key, { method: 'POST', url: testIssuer + path }),
      },
    });
    expect(answer.json()).toMatchObject({ token_type: 'DPoP' });
    expect(decode(answer.json().access_token).claims['cnf']).toEqual({ jkt: key.thumbprint });
  });

  test('may be a command line: its refresh token is bound as well', async () => {
    const { username, key } = await somebody();
    const { refresh_token } = await signIn({ username, key, clientId: 'latchkey-cli' });
    const refreshWith = (headers: Headers) =>
      app.inject({
        method: 'POST',
        url: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: new URLSearchParams({
          ...{ grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token },
        }).toString(),
      });
    expect((await refreshWith({})).json().error).toBe('invalid_dpop_proof');
    expect((await refreshWith({ dpop: proofAt('/token', key) })).json().token_type).toBe('DPoP');
  });
});

describe('whoever has copied the cookie of such a session', () => {
  test.each([
    ['without a proof', () => undefined],
    ['with a key of their own', () => proofAt('/sessions/refresh', createProver())],
  ])('gets nothing %s; the owner stays signed in, and sees when it was tried', async (_, proof) => {
    const { username, key } = await somebody();
    const { cookies, access_token, session_id } = await signIn({ username, key });
    const stolen = await refresh(cookies, proof());
    expect(stolen.answer.statusCode).toBe(401);
    expect(stolen.answer.json()).toMatchObject({ code: 'session_ended', reason: 'foreign_key' });
    // An honest browser that has lost its key keeps the cookie until it signs in again.
    expect(stolen.answer.cookies).toEqual([]);

    const own = await refresh(cookies, proofAt('/sessions/refresh', key));
    expect(own.answer.statusCode).toBe(200);
    const [device] = await devices(access_token, key);
    expect(Math.abs(Date.parse(device.foreign_key_at) - Date.now())).toBeLessThan(60_000);
    await eventually('the attempt is in the audit log', async () => {
      const events = await database.eventsOf(decode(access_token).claims['sub'] as string);
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'refresh.foreign_key', sessionId: session_id }),
      );
    });
  });

  test('cannot use a proof that was used before, or that was made for another request', async () => {
    const { username, key } = await somebody();
    const { cookies } = await signIn({ username, key });
    const used = proofAt('/sessions/refresh', key);
    await refresh(cookies, used);
    for (const proof of [used, proofAt('/sessions', key), proofAt('/token', key)])
      expect((await refresh(cookies, proof)).code).toBe('invalid_dpop_proof');
    const replica = await auth.startReplica();
    const elsewhere = await replica.inject({
      method: 'POST',
      url: '/sessions/refresh',
      payload: { client_id: 'storefront' },
      cookies,
      headers: { origin: storefrontOrigin, dpop: used },
    });
    expect(elsewhere.json().code).toBe('invalid_dpop_proof');
  });

  test('cannot end it by signing in over it', async () => {
    const { username, key } = await somebody();
    const { cookies } = await signIn({ username, key });
    const thief = await somebody();
    for (const own of [undefined, thief.key])
      expect((await signIn({ username: thief.username, key: own, cookies })).answer.statusCode).toBe(201);
    expect((await refresh(cookies, proofAt('/sessions/refresh', key))).answer.statusCode).toBe(200);
  });
});

describe('signing in again in the same browser, with a new key', () => {
  test('ends the session before, whose key signs a second proof', async () => {
    const { username, key } = await somebody();
    const { cookies } = await signIn({ username, key });
    const body = { replaced_key_proof: proofAt('/sessions', key) };
    const next = createProver();
    const { answer, access_token } = await signIn({ username, key: next, cookies, body });
    expect(answer.statusCode).toBe(201);
    expect(await devices(access_token, next)).toHaveLength(1);
    const old = await refresh(cookies, proofAt('/sessions/refresh', key));
    expect(old.answer.json()).toMatchObject({ code: 'session_ended', reason: 'replaced' });
  });

  test('is refused before the password is looked at when a proof is not good', async () => {
    const { username, key } = await somebody();
    const wrong = proofAt('/token', key);
    const answers = await Promise.all([
      signIn({ username, key, body: { replaced_key_proof: wrong, password: 'not the password' } }),
      signIn({ username, key, body: { replaced_key_proof: 'x'.repeat(100) } }),
    ]);
    for (const { answer } of answers)
      expect([answer.statusCode, answer.json().code]).toEqual([401, 'invalid_dpop_proof']);
    const two = await app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username, password: testPassword },
      headers: {
        ...from(randomBytes(4).toString('hex')),
        origin: storefrontOrigin,
        dpop: [proofAt('/sessions', key), proofAt('/sessions', key)] as unknown as string,
      },
    });
    expect(two.json().code).toBe('invalid_dpop_proof');
  });
});
