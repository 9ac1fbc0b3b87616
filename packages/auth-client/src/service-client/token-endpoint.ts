// Not by name: that import would throw on an old Node.js before checkRuntime can say that it is too old.
import buffer from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientProofs } from '../proof/client-proofs.ts';
import { boundedBody } from '../runtime/bounded-body.ts';
import { isTimeout, withDeadline } from '../runtime/deadline.ts';
import { isScopeList } from '../token/scope.ts';
import { parseJsonObject } from '../token/strict-json.ts';
import type { ServiceIdentity } from './identity.ts';
import { TokenEndpointError } from './token-endpoint-error.ts';

export type TokenEndpointOptions = {
  tokenEndpoint: string;
  /** The authorization server's identifier: the audience of client assertions. */
  issuer: string;
  identity: ServiceIdentity;
  timeoutMs: number;
  fetch: typeof globalThis.fetch;
  /** The key to which tokens are to be bound; null: bearer tokens. */
  proofs: ClientProofs | null;
  /** Refuses a bearer token in spite of `proofs`. */
  isBoundOnly: boolean;
};

/** A token request, without the client authentication. */
export type TokenRequest = {
  /** `grant_type` and its parameters. */
  parameters: Readonly<Record<string, string>>;
  /** Empty: all that the policy allows. */
  scopes: readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** The `issued_token_type` that the answer must name (RFC 8693 §2.2.1). */
  issuedTokenType?: string;
};

export type IssuedToken = {
  accessToken: string;
  /** Counted from the moment of the request. */
  expiresInSeconds: number;
  /** Bound to the key of `proofs`. An issuer that does not know DPoP issues a bearer token all the same (RFC 9449 §5). */
  isBound: boolean;
};

const maxBodyBytes = 64 * 1024;
/** The authorization server fetches unknown keys once a second. */
const keySeenAfterMs = 1100;
/** A token is not used in its last 15 s, so that it does not expire on the way. */
const marginMs = 15_000;

/** How long after its request a token is used. A short-lived token is used for half its life. */
export function usableForMs({ expiresInSeconds }: IssuedToken): number {
  const lifetimeMs = expiresInSeconds * 1000;
  return lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
}

/**
 * Requests an access token (RFC 6749 §3.2), authenticating with a client assertion (RFC 7523 §2.2). A token of another
 * type, or without a requested scope, is an error.
 *
 * Keeps nothing. It asks again, once after each of these: the connection was lost, the server wants its nonce in the proof
 * (RFC 9449 §8), it does not know our key, which is new, or it refuses the proof and a bearer token will do. An older
 * server may not know itself by the address at which we reach it.
 *
 * @throws TokenEndpointError; AuthClientError identity_unavailable
 */
export async function requestToken(
  request: TokenRequest,
  options: TokenEndpointOptions,
): Promise<IssuedToken> {
  let current = options;
  const seen = new Set<string>();
  for (;;) {
    try {
      // Each time with a new client assertion, because a request that was refused has used one up.
      return await askOnce(request, current);
    } catch (error) {
      const code = error instanceof TokenEndpointError ? error.error : '';
      if (seen.has(code) || !mayHelpToAskAgain(code, current)) throw error;
      seen.add(code);
      if (code === 'invalid_client') await delay(keySeenAfterMs);
      if (code === 'invalid_dpop_proof') current = { ...options, proofs: null };
    }
  }
}

function mayHelpToAskAgain(code: string, { proofs, identity, isBoundOnly }: TokenEndpointOptions): boolean {
  switch (code) {
    // A server that restarts may close a connection just when we use it. A second token does no harm.
    case 'unreachable':
      return true;
    case 'use_dpop_nonce':
      return proofs !== null;
    case 'invalid_dpop_proof':
      return proofs !== null && !isBoundOnly;
    case 'invalid_client':
      return identity.justPublished;
    default:
      return false;
  }
}

async function askOnce(request: TokenRequest, options: TokenEndpointOptions): Promise<IssuedToken> {
  const { identity, issuer, timeoutMs } = options;
  const assertion = await identity.assertion(issuer);
  const form = new URLSearchParams({
    ...request.parameters,
    client_id: identity.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...(request.scopes.length > 0 && { scope: request.scopes.join(' ') }),
  });
  const { response, body } = await withDeadline(timeoutMs, (signal) =>
    post(form, { request, options, signal }),
  ).catch((cause: unknown) => {
    throw new TokenEndpointError(isTimeout(cause) ? 'timeout' : 'unreachable', { cause });
  });
  options.proofs?.learn(options.tokenEndpoint, response);
  if (response.status !== 200) throw new TokenEndpointError(errorOf(response, body), { response });
  return issuedToken(body, { request, options });
}

type PostContext = {
  request: TokenRequest;
  options: TokenEndpointOptions;
  signal: AbortSignal;
};

async function post(
  form: URLSearchParams,
  { request, options, signal }: PostContext,
): Promise<{ response: Response; body: Record<string, unknown> }> {
  const { tokenEndpoint: url, proofs } = options;
  const method = 'POST';
  const response = await options.fetch(url, {
    method,
    headers: { ...request.headers, accept: 'application/json', ...proofs?.headersFor({ method, url }) },
    body: form,
    redirect: 'error',
    signal,
  });
  return { response, body: jsonOf(await boundedBody(response, maxBodyBytes)) };
}

function jsonOf(body: Buffer | undefined): Record<string, unknown> {
  if (!body || !buffer.isUtf8(body)) return {};
  try {
    return parseJsonObject(body.toString('utf8'));
  } catch {
    return {};
  }
}

/** The error code if the answer has the form of RFC 6749 §5.2; else the status. */
function errorOf({ status }: Response, { error }: Record<string, unknown>): string {
  const named = (status === 400 || status === 401) && typeof error === 'string';
  return named && /^[a-z_]{1,40}$/.test(error) ? error : `answered ${status}`;
}

/** RFC 6749 §5.1, RFC 8693 §2.2.1, RFC 9449 §5 */
function issuedToken(
  body: Record<string, unknown>,
  { request: { scopes, issuedTokenType }, options }: Omit<PostContext, 'signal'>,
): IssuedToken {
  const { access_token: accessToken, expires_in: expiresInSeconds, scope } = body;
  const isToken = typeof accessToken === 'string' && /^[\x21-\x7e]{1,8192}$/.test(accessToken);
  const type = typeof body.token_type === 'string' ? body.token_type.toLowerCase() : '';
  const isBound = type === 'dpop' && options.proofs !== null;
  const isWanted = issuedTokenType === undefined || body.issued_token_type === issuedTokenType;
  const lives = typeof expiresInSeconds === 'number' && expiresInSeconds > 0;
  if (!(isToken && (isBound || type === 'bearer') && lives && isWanted))
    throw new TokenEndpointError('malformed answer');
  if (!isBound && options.isBoundOnly) throw new TokenEndpointError('not bound');
  const token = { accessToken, expiresInSeconds, isBound };
  // RFC 6749 §5.1: without `scope` the token has the requested scopes.
  if (scope === undefined) return token;
  const granted = typeof scope === 'string' && (scope === '' || isScopeList(scope)) ? scope.split(' ') : [];
  if (!scopes.every((wanted) => granted.includes(wanted))) throw new TokenEndpointError('invalid_scope');
  return token;
}
