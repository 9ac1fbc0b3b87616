import type { Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  impatient,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';

let auth: AuthApp;
/** The replica that is asked while Redis is away. */
let replica: Service;
let session: Tokens;
let username: string;
beforeEach(async () => {
  auth = await startAuthApp();
  replica = await auth.startReplica(impatient);
  username = await register(auth.app);
  session = await signIn(auth.app, username);
});
afterEach(() => auth.stop());

const requests = () => [
  refresh(replica, session.refresh_token),
  replica.inject({ url: '/sessions', headers: bearer(session.access_token) }),
  replica.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(session.access_token) }),
  replica.inject({
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
  expect((await replica.inject({ url: '/ready' })).statusCode).toBe(503);
  expect((await replica.inject({ url: '/.well-known/jwks.json' })).statusCode).toBe(200);
}

async function untilRefreshed(): Promise<void> {
  const refused = new Set<number>();
  await eventually('the session is refreshed', async () => {
    const { statusCode } = await refresh(replica, session.refresh_token);
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
  session = await eventually('signing in works again', () => signIn(replica, username));
  await untilRefreshed();
});
