import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';

let auth: AuthApp;
let session: Tokens;
let username: string;
beforeEach(async () => {
  auth = await startAuthApp({ env: { REDIS_TIMEOUT_MS: '800' } });
  username = await register(auth.app);
  session = await signIn(auth.app, username);
});
afterEach(() => auth.stop());

const requests = () => [
  refresh(auth.app, session.refresh_token),
  auth.app.inject({ url: '/sessions', headers: bearer(session.access_token) }),
  auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(session.access_token) }),
  auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: 'a long enough passphrase' },
  }),
];

async function expectUnavailable(): Promise<void> {
  for (const answer of await Promise.all(requests())) {
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(answer.headers['content-type']).toContain('application/problem+json');
  }
  expect((await auth.app.inject({ url: '/ready' })).statusCode).toBe(503);
  expect((await auth.app.inject({ url: '/.well-known/jwks.json' })).statusCode).toBe(200);
}

async function untilRefreshed(): Promise<void> {
  const refused = new Set<number>();
  await eventually('the session is refreshed', async () => {
    const { statusCode } = await refresh(auth.app, session.refresh_token);
    if (statusCode !== 200) refused.add(statusCode);
    expect(statusCode).toBe(200);
  });
  // Requests fail as unavailable for a while, but are never refused.
  expect([503]).toEqual(expect.arrayContaining([...refused]));
}

test('a frozen Redis turns into 503 soon, and nobody is signed out by it', async () => {
  process.kill(auth.redis.pid, 'SIGSTOP');
  try {
    await expectUnavailable();
  } finally {
    process.kill(auth.redis.pid, 'SIGCONT');
  }
  // No new sign-in is needed: Redis does not execute the requests of its frozen time, not even the sign-out.
  await untilRefreshed();
});

test('a dead Redis turns into 503 soon, and sign-ins work again when it returns', async () => {
  await auth.redis.kill();
  await expectUnavailable();
  await auth.redis.restart();
  session = await eventually('signing in works again', () => signIn(auth.app, username));
  await untilRefreshed();
});
