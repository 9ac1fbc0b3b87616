import type { HeldToken } from './auth-endpoint.ts';
import { SessionError } from './errors.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { Proof, ProvingSend } from './keys/proving-send.ts';
import { proofOf } from './keys/session-key.ts';
import type { CheckedOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { readProblem, retryAfterSecondsOf } from './problem.ts';
import { unreachable } from './send.ts';
import { type IssuedToken, isReadable } from './session-fact.ts';

// Short: after a lost answer to a refresh, the next request must come within seconds to save the session (see
// renewal-failure.ts).
export const refreshTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

export type AuthCallOptions = Pick<CheckedOptions, 'issuer'> & {
  readonly send: ProvingSend;
  readonly keyRing: Pick<KeyRing, 'find'>;
  readonly platform: Platform;
  /** Whether the browser sends and takes cookies. */
  readonly cookies: boolean;
};

export type AuthRequest = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly held?: Partial<HeldToken>;
  /** Sent as JSON. */
  readonly body?: object;
  /** Sent as a form, as OAuth's endpoints want it. */
  readonly form?: Readonly<Record<string, string>>;
  /** Signs a second proof, in the body. */
  readonly replaced?: string | undefined;
  readonly timeoutMs?: number;
};

/** Sends one request to auth-service, and reads its answer. Throws SessionError. */
export type AuthCall = <Result>(path: string, request: AuthRequest, read: Reader<Result>) => Promise<Result>;

export function createAuthCall({ issuer, send, keyRing, platform, cookies }: AuthCallOptions): AuthCall {
  async function call<Result>(path: string, request: AuthRequest, read: Reader<Result>): Promise<Result> {
    const { method = 'POST', held = {}, body, form, timeoutMs = requestTimeoutMs } = request;
    const url = issuer + path;
    const tooLate = new AbortController();
    const cancel = platform.setTimer(() => tooLate.abort(), timeoutMs);
    const sentAtMs = platform.now();
    try {
      const init: RequestInit = {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(form && { body: new URLSearchParams(form) }),
        credentials: cookies ? 'include' : 'omit',
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
  function bodyFor(url: string, { body, replaced, method = 'POST' }: AuthRequest): Proof['bodyFor'] {
    return async (nonce) => {
      const about = { method, url, nonce, nowMs: platform.now() };
      const proof = replaced && (await proofOf(await keyRing.find(replaced), about));
      return JSON.stringify({ ...body, replaced_key_proof: proof });
    };
  }

  return call;
}

export type Sent = { readonly sentAtMs: number; readonly boundTo: string | undefined };
export type Reader<Result> = (response: Response, sent: Sent) => Promise<Result>;

export const readToken: Reader<IssuedToken> = async (response, sent) =>
  readTokenFrom(await readJson(response), response.status, sent);

/** Reads the members of RFC 6749 §5.1. */
export function readTokenFrom(
  body: Readonly<Record<string, unknown>>,
  status: number,
  { sentAtMs, boundTo }: Sent,
): IssuedToken {
  const { access_token: accessToken, expires_in: expiresIn, token_type: type } = body;
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
  throw new SessionError('unexpected_answer', 'auth-service did not answer with a token.', { status });
}

export async function readJson(response: Response): Promise<Record<string, unknown>> {
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
