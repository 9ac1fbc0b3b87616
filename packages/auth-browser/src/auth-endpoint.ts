import { type AuthCall, readToken, refreshTimeoutMs } from './auth-call.ts';
import type { IssuedToken } from './session-fact.ts';

export type SignInCredentials = {
  username: string;
  password: string;
  /** This device's name in the list of devices; default the browser's own name. */
  deviceName?: string;
  /** Fewer scopes than the person has, separated by spaces, to limit the session. */
  scope?: string;
};

/** The answer of auth-service's page, and what only this tab knows of its request. */
export type CodeToRedeem = { readonly code: string; readonly verifier: string; readonly redirectUri: string };

/** The keys of a sign-in, by their thumbprints. */
export type SignInKeys = {
  /** To which the new session is bound; undefined for none. */
  readonly key: string | undefined;
  /** Of the session that it replaces. */
  readonly replaced: string | undefined;
};

/** A token to show. */
export type HeldToken = Pick<IssuedToken, 'accessToken' | 'boundTo'>;

/** Where the session's requests go. Each function throws SessionError. */
export type AuthEndpoint = {
  /** Uses the refresh token, and the session's key if it has one; `session_ended` when there is no session. */
  refresh(key: string | undefined): Promise<IssuedToken>;
  signIn(credentials: SignInCredentials, keys: SignInKeys): Promise<IssuedToken>;
  signInByCode(code: CodeToRedeem, keys: SignInKeys): Promise<IssuedToken>;
  reauthenticate(held: HeldToken, password: string): Promise<IssuedToken>;
  signOut(held: HeldToken, everywhere: boolean): Promise<void>;
};

/** The routes for a browser whose refresh token is in a cookie. */
export function createAuthEndpoint({
  clientId,
  call,
}: {
  readonly clientId: string;
  readonly call: AuthCall;
}): AuthEndpoint {
  return {
    refresh: (boundTo) =>
      call(
        '/sessions/refresh',
        { held: { boundTo }, body: { client_id: clientId }, timeoutMs: refreshTimeoutMs },
        readToken,
      ),
    signIn({ username, password, deviceName, scope }, { key, replaced }) {
      const body = { client_id: clientId, username, password, device_name: deviceName, scope };
      return call('/sessions', { held: { boundTo: key }, body, replaced }, readToken);
    },
    signInByCode({ code, verifier, redirectUri }, { key, replaced }) {
      const body = { client_id: clientId, code, code_verifier: verifier, redirect_uri: redirectUri };
      return call('/sessions/code', { held: { boundTo: key }, body, replaced }, readToken);
    },
    reauthenticate: (held, password) =>
      call('/sessions/current/reauthentication', { held, body: { password } }, readToken),
    signOut: (held, everywhere) =>
      call(everywhere ? '/sessions' : '/sessions/current', { method: 'DELETE', held }, async () => {}),
  };
}
