import { randomBytes, randomUUID } from 'node:crypto';
import { Pool } from 'undici';

/** Below what one person may have at a time. */
const sessionsPerPerson = 50;

/** Somebody's sign-in on one device, to be signed out once. */
export type DoomedSession = {
  readonly accessToken: string;
  /** Resolves when auth-service has answered. */
  signOut(): Promise<void>;
};

/** Makes that many sessions, two sign-ins at a time: as many passwords as auth-service hashes at once. */
export async function startSessions(authUrl: string, count: number): Promise<DoomedSession[]> {
  const auth = new Pool(authUrl, { connections: 2 });

  async function signIn(account: object, device: number): Promise<DoomedSession> {
    const body = { ...account, client_id: 'latchkey-cli', device_name: `bench ${device}` };
    const { access_token: accessToken } = await send(auth, { path: '/sessions', body });
    return {
      accessToken: String(accessToken),
      async signOut() {
        const { statusCode, body: answer } = await auth.request({
          method: 'DELETE',
          path: '/sessions/current',
          headers: { authorization: `Bearer ${String(accessToken)}` },
        });
        await answer.dump();
        if (statusCode !== 204) throw new Error(`DELETE /sessions/current was answered ${statusCode}`);
      },
    };
  }

  async function signInOften(times: number): Promise<DoomedSession[]> {
    const account = { username: `bench-${randomUUID()}`, password: randomBytes(24).toString('base64url') };
    await send(auth, { path: '/accounts', body: account });
    const sessions: DoomedSession[] = [];
    while (sessions.length < times) sessions.push(await signIn(account, sessions.length));
    return sessions;
  }

  const people = Array.from({ length: Math.ceil(count / sessionsPerPerson) }, (_, person) =>
    Math.min(sessionsPerPerson, count - person * sessionsPerPerson),
  ).values();
  const sessions: DoomedSession[] = [];
  const work = async (): Promise<void> => {
    for (const times of people) sessions.push(...(await signInOften(times)));
  };
  await Promise.all([work(), work()]);
  return sessions;
}

async function send(
  auth: Pool,
  { path, body }: { path: string; body: object },
): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const answer = await auth.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
  const text = await answer.body.text();
  if (answer.statusCode !== 201) throw new Error(`POST ${path} was answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
