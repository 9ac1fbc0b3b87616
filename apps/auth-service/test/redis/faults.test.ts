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
  auth = await startAuthApp();
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

async function untilRefreshed(): Promise<Tokens> {
  const refused = new Set<number>();
  const answer = await eventually('the session is refreshed', async () => {
    const tried = await refresh(auth.app, session.refresh_token);
    if (tried.statusCode !== 200) refused.add(tried.statusCode);
    expect(tried.statusCode).toBe(200);
    return tried;
  });
  // Unavailable for a while, but never refused.
  expect([503]).toEqual(expect.arrayContaining([...refused]));
  return answer.json();
}

test('a frozen Redis turns into 503 soon, and nobody is signed out by it', async () => {
  process.kill(auth.redis.pid, 'SIGSTOP');
  try {
    await expectUnavailable();
  } finally {
    process.kill(auth.redis.pid, 'SIGCONT');
  }
  // What was asked of the frozen Redis may yet be carried out, the sign-out too; the store must be well either way.
  session = await eventually('signing in works again', () => signIn(auth.app, username));
  await untilRefreshed();
});

test('a refresh that a frozen Redis carries out too late changes nothing: the same token still works', async () => {
  let now = Date.now();
  const slow = await startAuthApp({ clock: () => now });
  try {
    const name = await register(slow.app);
    const { refresh_token: token } = await signIn(slow.app, name);
    process.kill(slow.redis.pid, 'SIGSTOP');
    expect((await refresh(slow.app, token)).statusCode).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    process.kill(slow.redis.pid, 'SIGCONT');
    // Had it been carried out, this would be a replay long after the grace: a theft.
    now += 60_000;
    await eventually('the token is refreshed once Redis answers', async () =>
      expect((await refresh(slow.app, token)).statusCode).toBe(200),
    );
  } finally {
    await slow.stop();
  }
});

test('a dead Redis turns into 503 soon, and sign-ins work again when it returns', async () => {
  await auth.redis.kill();
  await expectUnavailable();
  await auth.redis.restart();
  session = await eventually('signing in works again', () => signIn(auth.app, username));
  await untilRefreshed();
});
