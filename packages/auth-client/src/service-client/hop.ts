import type { FastifyRequest } from 'fastify';
import { AuthClientError } from '../errors.ts';
import type { ClientProofs } from '../proof/client-proofs.ts';
import { boundedBody } from '../runtime/bounded-body.ts';
import { isTimeout, withDeadline } from '../runtime/deadline.ts';
import { signedTokenOf } from '../token/encrypted-token.ts';
import { presentedToken } from '../token/presented-token.ts';
import type { ServiceCounters } from './counters.ts';
import type { DelegatedTokens, Delegation } from './delegated-tokens.ts';
import { judgeAnswer, wantsRecentSignIn } from './hop-answer.ts';
import { HopError, retryAfterOf } from './hop-error.ts';
import { checkHopInit, type HopInit, hopUrl, isIdempotent, traceHeaders } from './hop-request.ts';
import type { KeptToken } from './kept-tokens.ts';
import { asHopError } from './token-endpoint-error.ts';

/** Another service, called on the person's behalf. */
export type Hop = {
  /**
   * Sends a request to the other service with a token exchanged for it, and with the trace of `request`, whose route
   * must require auth. Resolves to answers that the handler can act on: 2xx, and 4xx except 401, 403, 408 and 429.
   * Redirects are not followed.
   *
   * After a 401 it tries once more, with the nonce that the service wants in the proof (RFC 9449 §9) or with a fresh
   * token; after a lost connection it does so if the request is idempotent, by its method or by an Idempotency-Key. Each
   * attempt has a proof of its own.
   *
   * @throws HopError, to be passed on or handled by its `code` and `outcome`; AuthError user_required for a service's
   * own token; AuthClientError invalid_hop_request
   * @example const response = await cart.fetch(request, `/cart/items/${encodeURIComponent(sku)}`, { method: 'DELETE' })
   */
  fetch(request: FastifyRequest, path: string, init?: HopInit): Promise<Response>;
};

export type HopOptions = {
  /** The audience. */
  hop: string;
  baseUrl: string;
  scopes: readonly string[];
  /** Limits the whole call: exchange, attempts, body. */
  timeoutMs: number;
  /** This service, in challenges to its callers. */
  realm: string;
  tokens: DelegatedTokens;
  counters: ServiceCounters;
  fetch: typeof globalThis.fetch;
  /** The key of bound tokens; null: there are none. */
  proofs: ClientProofs | null;
};

type Call = {
  url: string;
  init: HopInit;
  trace: Record<string, string>;
  /** The request was sent, and was not refused with 401. */
  mayBeDone: boolean;
};

type CallContext = {
  call: Call;
  delegation: Delegation;
  signal: AbortSignal;
};

const maxBodyBytes = 1024 * 1024;
const normalisedMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const withoutBody = new Set([204, 205, 304]);
/** Headers about the transfer of the body, which has been read and decoded. */
const connectionHeaders = [
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
];
/** The request was never sent: there was no connection. */
const notSentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Makes the client for one other service. */
export function createHop(options: HopOptions): Hop {
  const { hop, baseUrl, scopes, timeoutMs, realm, tokens, counters } = options;

  async function attempts(context: CallContext): Promise<Response> {
    const { call, delegation } = context;
    const token = await tokenFor(delegation);
    const response = await send(context, token);
    if (response.status !== 401 || wantsRecentSignIn(response)) return response;
    tokens.drop(token);
    call.mayBeDone = false;
    return send(context, await tokenFor(delegation));
  }

  function tokenFor(delegation: Delegation): Promise<KeptToken> {
    return tokens.get(delegation).catch((error: unknown) => {
      throw asHopError(error, { hop, realm });
    });
  }

  async function send(context: CallContext, token: KeptToken): Promise<Response> {
    try {
      return await sendOnce(context, token);
    } catch (error) {
      const { call, signal } = context;
      if (signal.aborted || error instanceof HopError || !isIdempotent(call.init)) throw error;
      return sendOnce(context, token);
    }
  }

  /** Sends it, and once more if the service wants its nonce in the proof. */
  async function sendOnce(context: CallContext, token: KeptToken): Promise<Response> {
    const response = await sendWithProof(context, token);
    const { call } = context;
    if (!options.proofs?.learn(call.url, response) || !token.isBound) return response;
    call.mayBeDone = false;
    const again = await sendWithProof(context, token);
    options.proofs.learn(call.url, again);
    return again;
  }

  async function sendWithProof(
    { call, signal }: CallContext,
    { accessToken, isBound }: KeptToken,
  ): Promise<Response> {
    // The deadline may have passed while the token was awaited.
    signal.throwIfAborted();
    counters.requests += 1;
    call.mayBeDone = true;
    const { url, init } = call;
    const proven = isBound && options.proofs?.headersFor({ method: methodOf(init), url, accessToken });
    const authorization = proven || { authorization: `Bearer ${accessToken}` };
    const headers = { ...init.headers, ...call.trace, ...authorization };
    const response = await options.fetch(url, { ...init, headers, redirect: 'manual', signal });
    const body = await boundedBody(response, maxBodyBytes);
    if (!body) throw new HopError('hop_failed', { hop, outcome: 'unknown', reason: 'answer too long' });
    return readAnswer(response, body);
  }

  async function perform(request: FastifyRequest, path: string, init: HopInit): Promise<Response> {
    const { auth: user } = request;
    const url = hopUrl(baseUrl, path);
    checkHopInit(init);
    const trace = traceHeaders(request);
    // Only this service can open an encrypted token, so it presents what was inside.
    const subjectToken = signedTokenOf(user) ?? presentedToken(request.raw.rawHeaders).token;
    const delegation = { user, subjectToken, audience: hop, scopes, headers: trace, counters };
    const call: Call = { url, init, trace, mayBeDone: false };
    try {
      const response = await withDeadline(timeoutMs, (signal) => attempts({ call, delegation, signal }));
      return judgeAnswer(response, { hop, realm });
    } catch (error) {
      throw asCallError(error, { hop, mayBeDone: call.mayBeDone });
    }
  }

  return {
    async fetch(request, path, init = {}) {
      try {
        return await perform(request, path, init);
      } catch (error) {
        if (error instanceof HopError) {
          counters.failures += 1;
          const { code, reason, outcome } = error;
          request.log.warn({ hop, code, reason, outcome }, 'another service could not be used');
        }
        throw error;
      }
    },
  };
}

/** As fetch spells it on the wire (Fetch §2.2.1): `patch` stays as it is. */
function methodOf({ method = 'GET' }: HopInit): string {
  const upper = method.toUpperCase();
  return normalisedMethods.has(upper) ? upper : method;
}

/** An answer with its whole body in memory, so that reading it cannot fail. */
function readAnswer({ status, statusText, headers }: Response, body: Buffer<ArrayBuffer>): Response {
  const kept = new Headers(headers);
  for (const name of connectionHeaders) kept.delete(name);
  return new Response(withoutBody.has(status) ? null : body, { status, statusText, headers: kept });
}

function asCallError(error: unknown, { hop, mayBeDone }: { hop: string; mayBeDone: boolean }): Error {
  if (error instanceof AuthClientError) return error;
  const outcome = mayBeDone ? 'unknown' : 'not_sent';
  if (isTimeout(error))
    return new HopError('hop_timeout', { hop, outcome, reason: 'deadline', cause: error });
  const code = codeOf(error);
  return new HopError('hop_unavailable', {
    hop,
    outcome: code !== undefined && notSentCodes.has(code) ? 'not_sent' : outcome,
    reason: `connection: ${code ?? 'failed'}`,
    headers: retryAfterOf(),
    cause: error,
  });
}

/** fetch puts the error code into the cause. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
