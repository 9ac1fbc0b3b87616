import { SessionError } from './errors.ts';
import type { CheckedOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { readProblem, retryAfterSecondsOf } from './problem.ts';
import { type Send, unreachable } from './send.ts';
import { type IssuedToken, isReadable } from './session-fact.ts';

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

/** auth-service's routes for a browser. Each function throws SessionError. */
export type AuthEndpoint = {
  /** Uses the HttpOnly cookie; `session_ended` when there is no session. */
  refresh(): Promise<IssuedToken>;
  signIn(credentials: SignInCredentials): Promise<IssuedToken>;
  signInByCode(code: CodeToRedeem): Promise<IssuedToken>;
  /** From the metadata (RFC 8414). */
  authorizationEndpoint(): Promise<string>;
  reauthenticate(accessToken: string, password: string): Promise<IssuedToken>;
  signOut(accessToken: string, everywhere: boolean): Promise<void>;
};

// Short: after a lost answer to a refresh, the next request must come within seconds to save the session (see
// renewal-failure.ts).
const refreshTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

export interface AuthEndpointOptions extends Pick<CheckedOptions, 'issuer' | 'clientId'> {
  readonly send: Send;
  readonly platform: Platform;
}

type EndpointRequest = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly accessToken?: string;
  readonly body?: object;
  readonly timeoutMs?: number;
};

export function createAuthEndpoint(options: AuthEndpointOptions): AuthEndpoint {
  const { issuer, clientId, send, platform } = options;

  async function call<Result>(path: string, request: EndpointRequest, read: Reader<Result>): Promise<Result> {
    const { method = 'POST', accessToken, body, timeoutMs = requestTimeoutMs } = request;
    const url = issuer + path;
    const tooLate = new AbortController();
    const cancel = platform.setTimer(() => tooLate.abort(), timeoutMs);
    const sentAtMs = platform.now();
    try {
      const response = await send(url, {
        method,
        headers: {
          ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        credentials: 'include',
        // The metadata also tells whether auth-service is there now.
        cache: 'no-store',
        // Completes even if the page is closed: if the browser missed a refresh's cookie, the session would be lost.
        keepalive: true,
        signal: tooLate.signal,
      });
      if (!response.ok) throw await errorFrom(response, platform.now());
      return await read(response, sentAtMs);
    } catch (error) {
      throw error instanceof SessionError ? error : unreachable(url, error);
    } finally {
      cancel();
    }
  }

  return {
    refresh: () =>
      call('/sessions/refresh', { body: { client_id: clientId }, timeoutMs: refreshTimeoutMs }, readToken),
    signIn({ username, password, deviceName, scope }) {
      const body = { client_id: clientId, username, password, device_name: deviceName, scope };
      return call('/sessions', { body }, readToken);
    },
    signInByCode({ code, verifier, redirectUri }) {
      const body = { client_id: clientId, code, code_verifier: verifier, redirect_uri: redirectUri };
      return call('/sessions/code', { body }, readToken);
    },
    authorizationEndpoint: () =>
      call('/.well-known/openid-configuration', { method: 'GET' }, async (response) => {
        const { issuer: claimed, authorization_endpoint: endpoint } = await readJson(response);
        // RFC 8414 §3.3: nobody else's metadata.
        if (claimed === issuer && typeof endpoint === 'string') return endpoint;
        throw new SessionError('unexpected_answer', 'auth-service did not answer with its metadata.', {
          status: response.status,
        });
      }),
    reauthenticate: (accessToken, password) =>
      call('/sessions/current/reauthentication', { accessToken, body: { password } }, readToken),
    signOut: (accessToken, everywhere) =>
      call(everywhere ? '/sessions' : '/sessions/current', { method: 'DELETE', accessToken }, async () => {}),
  };
}

type Reader<Result> = (response: Response, sentAtMs: number) => Promise<Result>;

const readToken: Reader<IssuedToken> = async (response, sentAtMs) => {
  const { access_token: accessToken, expires_in: expiresIn } = await readJson(response);
  const lifetimeMs = Number(expiresIn) * 1000;
  // Counted from the request, because the answer may have been slow.
  const token = { accessToken: String(accessToken), lifetimeMs, expiresAtMs: sentAtMs + lifetimeMs };
  if (Number.isFinite(lifetimeMs) && isReadable(token)) return token;
  throw new SessionError('unexpected_answer', 'auth-service did not answer with a token.', {
    status: response.status,
  });
};

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    return { ...(await response.json()) };
  } catch (error) {
    // Any other error is one of the connection.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

async function errorFrom(response: Response, nowMs: number): Promise<SessionError> {
  const { status } = response;
  const retryAfterSeconds = retryAfterSecondsOf(response, nowMs);
  const { code, detail, reason } = await readProblem(response);
  const message = detail ?? `auth-service answered ${status}.`;
  return new SessionError(code ?? 'unexpected_answer', message, { status, retryAfterSeconds, reason });
}
