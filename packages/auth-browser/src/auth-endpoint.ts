import { SessionError } from './errors.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { Proof, ProvingSend } from './keys/proving-send.ts';
import { proofOf } from './keys/session-key.ts';
import type { CheckedOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { readProblem, retryAfterSecondsOf } from './problem.ts';
import { unreachable } from './send.ts';
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

/** The keys of a sign-in, by their thumbprints. */
export type SignInKeys = {
  /** To which the new session is bound; undefined for none. */
  readonly key: string | undefined;
  /** Of the session that it replaces. */
  readonly replaced: string | undefined;
};

/** A token to show. */
export type HeldToken = Pick<IssuedToken, 'accessToken' | 'boundTo'>;

/** auth-service's routes for a browser. Each function throws SessionError. */
export type AuthEndpoint = {
  /** Uses the HttpOnly cookie, and the session's key if it has one; `session_ended` when there is no session. */
  refresh(key: string | undefined): Promise<IssuedToken>;
  signIn(credentials: SignInCredentials, keys: SignInKeys): Promise<IssuedToken>;
  signInByCode(code: CodeToRedeem, keys: SignInKeys): Promise<IssuedToken>;
  /** From the metadata (RFC 8414). */
  authorizationEndpoint(): Promise<string>;
  reauthenticate(held: HeldToken, password: string): Promise<IssuedToken>;
  signOut(held: HeldToken, everywhere: boolean): Promise<void>;
};

// Short: after a lost answer to a refresh, the next request must come within seconds to save the session (see
// renewal-failure.ts).
const refreshTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

export interface AuthEndpointOptions extends Pick<CheckedOptions, 'issuer' | 'clientId'> {
  readonly send: ProvingSend;
  readonly keyRing: Pick<KeyRing, 'find'>;
  readonly platform: Platform;
}

type EndpointRequest = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly held?: Partial<HeldToken>;
  readonly body?: object;
  /** Signs a second proof, in the body. */
  readonly replaced?: string | undefined;
  readonly timeoutMs?: number;
};

export function createAuthEndpoint(options: AuthEndpointOptions): AuthEndpoint {
  const { issuer, clientId, send, keyRing, platform } = options;

  async function call<Result>(path: string, request: EndpointRequest, read: Reader<Result>): Promise<Result> {
    const { method = 'POST', held = {}, body, timeoutMs = requestTimeoutMs } = request;
    const url = issuer + path;
    const tooLate = new AbortController();
    const cancel = platform.setTimer(() => tooLate.abort(), timeoutMs);
    const sentAtMs = platform.now();
    try {
      const init: RequestInit = {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        credentials: 'include',
        // The metadata also tells whether auth-service is there now.
        cache: 'no-store',
        // Completes even if the page is closed: if the browser missed a refresh's cookie, the session would be lost.
        keepalive: true,
        signal: tooLate.signal,
      };
      const response = await send(url, init, { ...held, ...(body && { bodyFor: bodyFor(url, request) }) });
      if (!response.ok) throw await errorFrom(response, platform.now());
      return await read(response, { sentAtMs, boundTo: held.boundTo });
    } catch (error) {
      throw error instanceof SessionError ? error : unreachable(url, error);
    } finally {
      cancel();
    }
  }

  /** A second proof is for the same request as the first, and so has the same nonce. */
  function bodyFor(url: string, { body, replaced, method = 'POST' }: EndpointRequest): Proof['bodyFor'] {
    return async (nonce) => {
      const about = { method, url, nonce, nowMs: platform.now() };
      const proof = replaced && (await proofOf(await keyRing.find(replaced), about));
      return JSON.stringify({ ...body, replaced_key_proof: proof });
    };
  }

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
    authorizationEndpoint: () =>
      call('/.well-known/openid-configuration', { method: 'GET' }, async (response) => {
        const { issuer: claimed, authorization_endpoint: endpoint } = await readJson(response);
        // RFC 8414 §3.3: nobody else's metadata.
        if (claimed === issuer && typeof endpoint === 'string') return endpoint;
        throw new SessionError('unexpected_answer', 'auth-service did not answer with its metadata.', {
          status: response.status,
        });
      }),
    reauthenticate: (held, password) =>
      call('/sessions/current/reauthentication', { held, body: { password } }, readToken),
    signOut: (held, everywhere) =>
      call(everywhere ? '/sessions' : '/sessions/current', { method: 'DELETE', held }, async () => {}),
  };
}

type Sent = { readonly sentAtMs: number; readonly boundTo: string | undefined };
type Reader<Result> = (response: Response, sent: Sent) => Promise<Result>;

const readToken: Reader<IssuedToken> = async (response, { sentAtMs, boundTo }) => {
  const { access_token: accessToken, expires_in: expiresIn, token_type: type } = await readJson(response);
  const lifetimeMs = Number(expiresIn) * 1000;
  // Counted from the request, because the answer may have been slow.
  const expiresAtMs = sentAtMs + lifetimeMs;
  const token = {
    accessToken: String(accessToken),
    lifetimeMs,
    expiresAtMs,
    ...(boundTo !== undefined && { boundTo }),
  };
  // RFC 9449 §5: without this type, the server has not bound the token.
  const isAsAsked = boundTo === undefined || String(type).toLowerCase() === 'dpop';
  if (Number.isFinite(lifetimeMs) && isReadable(token) && isAsAsked) return token;
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
