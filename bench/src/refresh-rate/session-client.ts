import { randomBytes } from 'node:crypto';
import { Client } from 'undici';

const clientId = 'latchkey-cli';

/** A signed-in client with a connection of its own, which follows the rotation of its refresh token. */
export type SessionClient = {
  /** Exchanges the refresh token for the next one. */
  refresh(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Registers one account and signs in as often as there are clients to be. One after the other: auth-service limits how
 * many attempts may be under way for one name.
 */
export async function signInClients(url: string, count: number): Promise<SessionClient[]> {
  const account = { username: 'bench', password: randomBytes(24).toString('base64url') };
  const registration = new Client(url);
  await postJson(registration, { path: '/accounts', body: account });
  await registration.close();
  const clients: SessionClient[] = [];
  for (let index = 0; index < count; index += 1) {
    const connection = new Client(url);
    const body = { ...account, client_id: clientId, device_name: `bench ${index}` };
    const { refresh_token: refreshToken } = await postJson(connection, { path: '/sessions', body });
    clients.push(sessionClient(connection, String(refreshToken)));
  }
  return clients;
}

function sessionClient(connection: Client, first: string): SessionClient {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const fixed = `grant_type=refresh_token&client_id=${clientId}&refresh_token=`;
  let refreshToken = first;
  return {
    async refresh() {
      const answer = await connection.request({
        method: 'POST',
        path: '/token',
        headers,
        body: fixed + refreshToken,
      });
      const body = await answer.body.text();
      const next = answer.statusCode === 200 ? JSON.parse(body).refresh_token : undefined;
      if (typeof next !== 'string' || next === refreshToken)
        throw new Error(`/token: ${answer.statusCode} ${body}`);
      refreshToken = next;
    },
    close: () => connection.close(),
  };
}

async function postJson(connection: Client, { path, body }: { path: string; body: object }) {
  const headers = { 'content-type': 'application/json' };
  const answer = await connection.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
  const text = await answer.body.text();
  if (answer.statusCode !== 201) throw new Error(`POST ${path} was answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
