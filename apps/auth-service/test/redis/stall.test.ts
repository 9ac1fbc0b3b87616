import type { Service } from '@latchkey/service-kit';
import { eventually, forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import {
  bearer,
  from,
  impatient,
  refresh,
  register,
  signIn,
  startAuthApp,
  testPassword,
} from '../support/auth-app.ts';

const newPassword = 'another long enough passphrase';

let now = Date.now();
const auth = await forThisFile(startAuthApp({ clock: () => now }));
/** The replica that is asked while Redis stands still. */
const replica = await auth.startReplica(impatient);

test('requests that were answered 503 while Redis stood still have no effect when it goes on', async () => {
  const { app } = auth;
  const [username, other] = [await register(app), await register(app)];
  const refreshing = await Promise.all(Array.from({ length: 10 }, () => signIn(app, username)));
  const device = { device_name: 'first name' };
  const living = await Promise.all(Array.from({ length: 3 }, () => signIn(app, username, device)));

  process.kill(auth.redis.pid, 'SIGSTOP');
  const answers = await Promise.all([
    ...refreshing.map((session) => refresh(replica, session.refresh_token)),
    ...living.flatMap(({ access_token, session_id }) => {
      const headers = bearer(access_token);
      const url = `/sessions/${session_id}`;
      const passwords = { current_password: testPassword, new_password: newPassword };
      return [
        replica.inject({ method: 'DELETE', url: '/sessions/current', headers }),
        replica.inject({ method: 'PATCH', url, headers, payload: { device_name: 'second name' } }),
        replica.inject({ method: 'PUT', url: '/account/password', headers, payload: passwords }),
        ...Array.from({ length: 4 }, () => trySigningIn(replica, username)),
      ];
    }),
  ]).finally(() => process.kill(auth.redis.pid, 'SIGCONT'));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 503));

  // Redis answers this only after it has processed everything above.
  await eventually('Redis serves again', () => signIn(replica, other));

  for (const { access_token, session_id } of living) {
    const listed = await app.inject({ url: '/sessions', headers: bearer(access_token) });
    const [own] = listed.json().sessions.filter(({ id }: { id: string }) => id === session_id);
    expect(own).toMatchObject({ device_name: 'first name' });
  }
  // No account is locked, and the password is unchanged.
  expect((await trySigningIn(app, username)).statusCode).toBe(201);
  // If Redis had executed the refresh, this one would be a replay long after the grace period.
  now += 11_000;
  for (const { refresh_token } of refreshing)
    await eventually('the session goes on', async () =>
      expect((await refresh(app, refresh_token)).statusCode).toBe(200),
    );
});

function trySigningIn(app: Service, username: string) {
  return app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: testPassword },
    headers: from(username),
  });
}
