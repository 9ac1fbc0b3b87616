import type {
  AccessTokenTheft,
  ChangePermissions,
  Failures,
  Permissions,
  PermissionsChanged,
  PhoneSignedIn,
  Phones,
  RefreshTokenTheft,
  Shared,
  Sharing,
  SigningKeys,
  Timed,
  WithToken,
} from '../../src/demo/api.ts';
import { session } from '../session/session.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

/** A demo route refused or failed. `code` is that of its problem document, else `status_<n>`, or `no_answer`. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  readonly code: string;
  readonly retryAfterSeconds: number | null;

  constructor(code: string, { retryAfterSeconds = null }: { retryAfterSeconds?: number | null } = {}) {
    super(`the demo answered ${code}`);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

type PartName = keyof Failures['stopped'];

/** The demo's routes, on the page's own origin. Their types say what each does. */
export const demoApi = {
  permissions: () => read<Permissions>('POST', 'permissions/read', withToken()),
  changePermissions: (scopes: readonly string[]) => {
    const change: ChangePermissions = { ...withToken(), scopes };
    return act<PermissionsChanged>('PUT', 'permissions', change);
  },
  tryStolenAccessToken: () => act<AccessTokenTheft>('POST', 'thefts/access-token', stolenToken()),
  signOutRobbed: () => act<Timed>('POST', 'thefts/access-token/sign-out', withToken()),
  stealRefreshToken: () => act<RefreshTokenTheft>('POST', 'thefts/refresh-token'),
  phones: (username: string) => read<Phones>('GET', `phones?${new URLSearchParams({ username })}`),
  signPhoneIn: (username: string) => act<PhoneSignedIn>('POST', 'phones', { username }),
  signPhoneOut: (id: string) => act<Timed>('DELETE', `phones/${encodeURIComponent(id)}`, withToken()),
  sharing: () => read<Sharing>('GET', 'sharing'),
  share: (username: string) => act<Shared>('POST', 'sharing', { username }),
  withdraw: (username: string) => act<Timed>('DELETE', 'sharing', { ...withToken(), username }),
  keys: () => read<SigningKeys>('GET', 'keys'),
  rotateKeys: () => act<SigningKeys>('POST', 'keys/rotation'),
  revokeKey: (kid: string) =>
    act<SigningKeys & Timed>('DELETE', `keys/${encodeURIComponent(kid)}`, withToken()),
  failures: () => read<Failures>('GET', 'failures'),
  setStopped: (part: PartName, stopped: boolean) => act<Failures>('PUT', `failures/${part}`, { stopped }),
};

type DemoRequest = readonly [method: string, path: string, body?: object];

/** Reads data for a panel. It is read repeatedly, so the lanes do not show it. */
function read<Body>(...request: DemoRequest): Promise<Body> {
  return ask(fetch, request);
}

/** Sends a panel's action. It has a trace of this page, so that the lanes show the requests that follow from it. */
function act<Body>(...request: DemoRequest): Promise<Body> {
  return ask(recordedFetch, request);
}

async function ask<Body>(send: typeof fetch, [method, path, body]: DemoRequest): Promise<Body> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await send(`/demo/${path}`, { method, ...(body !== undefined && json) }).catch(() => {
    throw new DemoError('no_answer');
  });
  const said: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return said as Body;
  const { code } = said as { code?: unknown };
  const retryAfter = answer.headers.get('retry-after');
  throw new DemoError(typeof code === 'string' ? code : `status_${answer.status}`, {
    retryAfterSeconds: retryAfter === null ? null : Number(retryAfter),
  });
}

/** The code of the error when the demo's server would have to use a token that only this browser can use. */
export const boundToken = 'bound_token';

function withToken(): WithToken {
  const state = session.state();
  if (state.status === 'signed_in' && state.isBound) throw new DemoError(boundToken);
  return stolenToken();
}

/** Also a bound token, for the demo's server to find out that it cannot use it. */
function stolenToken(): WithToken {
  const state = session.state();
  if (state.status !== 'signed_in') throw new DemoError('signed_out');
  return { access_token: state.accessToken };
}
