import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { decode, refresh, register, signIn, startAuthApp, type Tokens } from '../support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

const freshSession = async (): Promise<Tokens> => signIn(auth.app, await register(auth.app));

test('refreshing gives a new access token of the same session, the next refresh token, and no cache may keep them', async () => {
  const session = await freshSession();
  const answer = await refresh(auth.app, session.refresh_token);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const tokens = answer.json<Tokens>();
  expect(tokens).toMatchObject({
    token_type: 'Bearer',
    expires_in: 300,
    session_id: session.session_id,
    scope: session.scope,
  });
  expect(tokens.refresh_token).not.toBe(session.refresh_token);
  expect(tokens.access_token).not.toBe(session.access_token);
  const { claims } = decode(tokens.access_token);
  expect(claims['auth_time']).toBe(decode(session.access_token).claims['auth_time']);
});

test('a stolen and replayed token ends the session, for the thief and the owner alike, and the audit log says so', async () => {
  let now = Date.now();
  const later = await startAuthApp({ clock: () => now });
  try {
    const session = await signIn(later.app, await register(later.app));
    const next = (await refresh(later.app, session.refresh_token)).json<Tokens>();
    now += 10_001;
    const thief = await refresh(later.app, session.refresh_token);
    const owner = await refresh(later.app, next.refresh_token);
    for (const answer of [thief, owner]) {
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toEqual({
        error: 'invalid_grant',
        error_description: expect.any(String),
        reason: 'reuse',
      });
    }
    expect(owner.body).toBe(thief.body);
    expect(later.logs()).toContain('refresh.reused');
    const metrics = await later.app.inject({ url: '/metrics' });
    expect(metrics.body).toContain('refresh_tokens_total{verdict="REUSED"} 1');
  } finally {
    await later.stop();
  }
});

describe('scope on refresh', () => {
  test('can be narrowed for one access token, and is whole again at the next', async () => {
    const session = await freshSession();
    const narrow = (await refresh(auth.app, session.refresh_token, { scope: 'cart:read' })).json<Tokens>();
    expect(narrow.scope).toBe('cart:read');
    const whole = (await refresh(auth.app, narrow.refresh_token)).json<Tokens>();
    expect(whole.scope).toBe(session.scope);
  });

  test('can never exceed what the session was granted', async () => {
    const session = await signIn(auth.app, await register(auth.app), { scope: 'cart:read' });
    const answer = await refresh(auth.app, session.refresh_token, { scope: 'cart:read cart:write' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('invalid_scope');
    // The refused request did not consume the refresh token.
    const metrics = () =>
      auth.app.inject({ url: '/metrics' }).then(({ body }) => /verdict="REPLAYED"} (\d+)/.exec(body)?.[1]);
    const replays = await metrics();
    expect((await refresh(auth.app, session.refresh_token)).json().scope).toBe('cart:read');
    expect(await metrics()).toBe(replays);
  });
});

test.each([
  ['no parameters', {}, 400, 'invalid_request'],
  ['no refresh token', { grant_type: 'refresh_token', client_id: 'latchkey-cli' }, 400, 'invalid_request'],
  [
    'an unknown client',
    { grant_type: 'refresh_token', client_id: 'nobody', refresh_token: 'x' },
    401,
    'invalid_client',
  ],
  [
    'the password grant',
    { grant_type: 'password', client_id: 'latchkey-cli', username: 'a', password: 'b' },
    400,
    'unsupported_grant_type',
  ],
  [
    'a client with the browser’s id',
    { grant_type: 'refresh_token', client_id: 'storefront', refresh_token: 'x' },
    400,
    'unauthorized_client',
  ],
  [
    'garbage for a token',
    { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token: 'x' },
    400,
    'invalid_grant',
  ],
  [
    'a token longer than any',
    { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token: 'x'.repeat(300) },
    400,
    'invalid_request',
  ],
  [
    'a malformed scope',
    { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token: 'x', scope: 'a  b' },
    400,
    'invalid_scope',
  ],
])('%s is refused in the words of RFC 6749', async (_what, parameters, status, error) => {
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(parameters as Record<string, string>).toString(),
  });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.json()).toEqual({ error, error_description: expect.any(String) });
});

test('a repeated parameter is refused (RFC 6749 §3.2)', async () => {
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'grant_type=refresh_token&client_id=latchkey-cli&refresh_token=a&refresh_token=b',
  });
  expect(answer.statusCode).toBe(400);
  expect(answer.json().error).toBe('invalid_request');
});

test.each([
  ['JSON', 'application/json', '{"grant_type":"refresh_token"}', 400],
  ['no known type', 'text/xml', '<a/>', 400],
  ['two megabytes', 'application/x-www-form-urlencoded', `a=${'x'.repeat(2_000_000)}`, 413],
])('a body with %s is refused', async (_what, type, payload, status) => {
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': type },
    payload,
  });
  expect(answer.statusCode).toBe(status);
});

test('metadata (RFC 8414) names the endpoints', async () => {
  const metadata = (await auth.app.inject({ url: '/.well-known/oauth-authorization-server' })).json();
  expect(metadata).toMatchObject({
    issuer: 'http://localhost:4000',
    token_endpoint: 'http://localhost:4000/token',
    jwks_uri: 'http://localhost:4000/.well-known/jwks.json',
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
  });
});

test('nothing that has the shape of a token reaches the log', async () => {
  const session = await freshSession();
  const { refresh_token } = (await refresh(auth.app, session.refresh_token)).json<Tokens>();
  await auth.app.inject({ url: `/account?access_token=${session.access_token}` });
  await auth.app.inject({
    url: `/nowhere/${refresh_token}`,
    headers: { authorization: `Bearer ${session.access_token}` },
  });
  await auth.app.inject({ method: 'POST', url: '/sessions', payload: `{"refresh_token":"${refresh_token}"` });
  const logs = auth.logs();
  expect(logs).not.toMatch(/eyJ[\w-]{10,}/);
  expect(logs).not.toMatch(/rt1\.[\w-]+\./);
  expect(logs).not.toContain('a long enough passphrase');
  expect(logs).not.toMatch(/PRIVATE KEY/);
});
