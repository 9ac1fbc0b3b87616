import type {
  AccessTokenTheft,
  ChangePermissions,
  Failures,
  Permissions,
  PermissionsChanged,
  PhoneSignedIn,
  Phones,
  RefreshTokenTheft,
  SigningKeys,
  Timed,
} from '../../src/demo/api.ts';
import { session } from '../session/session.ts';

/** A demo route did not do it. `code` is that of its problem document, else `status_<n>`, or `no_answer`. */
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

/** The demo's routes, on the page's own origin. What they play stands beside their types. */
export const demoApi = {
  permissions: () => ask<Permissions>('POST', 'permissions/read', withToken()),
  changePermissions: (scopes: readonly string[]) => {
    const change: ChangePermissions = { ...withToken(), scopes };
    return ask<PermissionsChanged>('PUT', 'permissions', change);
  },
  useStolenAccessToken: () => ask<AccessTokenTheft>('POST', 'thefts/access-token', withToken()),
  signOutRobbed: () => ask<Timed>('POST', 'thefts/access-token/sign-out', withToken()),
  stealRefreshToken: () => ask<RefreshTokenTheft>('POST', 'thefts/refresh-token'),
  phones: (username: string) => ask<Phones>('GET', `phones?${new URLSearchParams({ username })}`),
  signPhoneIn: (username: string) => ask<PhoneSignedIn>('POST', 'phones', { username }),
  signPhoneOut: (id: string) => ask<Timed>('DELETE', `phones/${encodeURIComponent(id)}`, withToken()),
  keys: () => ask<SigningKeys>('GET', 'keys'),
  rotateKeys: () => ask<SigningKeys>('POST', 'keys/rotation'),
  revokeKey: (kid: string) =>
    ask<SigningKeys & Timed>('DELETE', `keys/${encodeURIComponent(kid)}`, withToken()),
  failures: () => ask<Failures>('GET', 'failures'),
  setStopped: (part: PartName, stopped: boolean) => ask<Failures>('PUT', `failures/${part}`, { stopped }),
};

async function ask<Body>(method: string, path: string, body?: object): Promise<Body> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`/demo/${path}`, { method, ...(body !== undefined && json) }).catch(() => {
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

function withToken(): { readonly access_token: string } {
  const state = session.state();
  if (state.status !== 'signed_in') throw new DemoError('signed_out');
  return { access_token: state.accessToken };
}
