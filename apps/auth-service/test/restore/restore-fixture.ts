import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { runCommand } from '../../src/commands/run-command.ts';
import { type AuthApp, from, refresh, testPassword } from '../support/auth-app.ts';
import type { Person } from '../support/operator.ts';

/** Runs reapply-log with the whole log of auth-service, as an operator does after a restore. Returns its lines. */
export async function reapplyLog({ env, logs }: AuthApp, log = logs()): Promise<string[]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCommand(['reapply-log'], { env, stdin: Readable.from([log]), stdout, stderr });
  expect({ code, stderr: await text(stderr.end()) }).toEqual({ code: 0, stderr: '' });
  return (await text(stdout.end())).trim().split('\n');
}

/** The status of signing in, with a password. */
export async function tryToSignIn(
  { app }: AuthApp,
  { username }: Pick<Person, 'username'>,
  { password = testPassword, client = 'latchkey-cli' } = {},
): Promise<number> {
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: client, username, password },
    headers: from(username),
  });
  return answer.statusCode;
}

/** What a refresh says: 'lives', or the reason of the refusal. A bearer token is used up. */
export async function fate({ app }: AuthApp, refreshToken: string): Promise<string> {
  const answer = await refresh(app, refreshToken);
  if (answer.statusCode === 200) return 'lives';
  return answer.statusCode === 400 ? answer.json().reason : String(answer.statusCode);
}

/** Refreshes so many times. Returns the newest refresh token. */
export async function refreshTimes({ app }: AuthApp, first: string, times: number): Promise<string> {
  let token = first;
  for (let time = 0; time < times; time += 1) token = (await refresh(app, token)).json().refresh_token;
  return token;
}
