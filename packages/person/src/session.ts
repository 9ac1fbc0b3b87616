import type { Key } from './key.ts';
import { ask, type Request, type SendOptions } from './request.ts';

type Client = {
  /** Any of our clients that keeps its refresh token itself; latchkey-cli without it. */
  readonly clientId?: string | undefined;
  /** Binds the session to it. Bearer tokens without it. */
  readonly key?: Key | undefined;
};

export type SignIn = Client & {
  readonly username: string;
  readonly password: string;
  /** How the session is called in the person's list of devices. */
  readonly deviceName?: string | undefined;
  /** Scopes that are enough, of those that the account's roles allow. All of them without it. */
  readonly scope?: string | undefined;
};

/** What auth-service answers to a sign-in and to a refresh. A client with a cookie gets no refresh token here. */
export type Tokens = {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  readonly session_id: string;
  readonly scope: string;
  /** How long the access token lives, in seconds. */
  readonly expires_in: number;
};

const cli = 'latchkey-cli';

export function signingIn(person: SignIn): Request {
  const { clientId = cli, key, username, password, deviceName, scope } = person;
  const json = { client_id: clientId, device_name: deviceName, username, password, scope };
  return { method: 'POST', path: '/sessions', key, json };
}

export function refreshing(refreshToken: string, { clientId = cli, key }: Client = {}): Request {
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
  return { method: 'POST', path: '/token', key, form };
}

/** Ends the session of this access token. */
export function signingOut(token: string, { key }: Pick<Client, 'key'> = {}): Request {
  return { method: 'DELETE', path: '/sessions/current', token, key };
}

/**
 * Signs a person in at auth-service. Does not check what comes back.
 *
 * @throws Error when auth-service refuses, or does not answer in time
 * @example const { access_token: token } = await signIn('http://localhost:4000', { username: 'mina', password });
 */
export async function signIn(authUrl: string, person: SignIn, options?: SendOptions): Promise<Tokens> {
  return (await ask(authUrl, signingIn(person), options)) as Tokens;
}
