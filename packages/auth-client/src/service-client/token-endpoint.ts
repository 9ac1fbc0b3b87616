import { isUtf8 } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { boundedBody } from '../bounded-body.ts';
import { isTimeout, withDeadline } from '../deadline.ts';
import { isScopeList } from '../scope.ts';
import { parseJsonObject } from '../strict-json.ts';
import type { ServiceIdentity } from './identity.ts';
import { TokenEndpointError } from './token-endpoint-error.ts';

export interface TokenEndpointOptions {
  tokenEndpoint: string;
  /** The authorization server's identifier: the audience of client assertions. */
  issuer: string;
  identity: ServiceIdentity;
  timeoutMs: number;
  fetch: typeof globalThis.fetch;
}

export interface Exchange {
  subjectToken: string;
  audience: string;
  /** None: all that the policy allows. */
  scopes: readonly string[];
  /** Trace headers. */
  headers: Readonly<Record<string, string>>;
}

/** What an exchange brought. */
export interface IssuedToken {
  accessToken: string;
  /** Counted from when it was asked for. */
  expiresInSeconds: number;
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const maxBodyBytes = 64 * 1024;
/** The authorization server asks for keys that it does not know once a second. */
const keySeenAfterMs = 1100;

/**
 * Exchanges a user's access token for one with which this service may call `audience` on the user's behalf (RFC 8693
 * §2.1), authenticating with a client assertion (RFC 7523 §2.2). An answer that is not what was asked for is an error:
 * of another kind, or without a scope that was asked for.
 *
 * Keeps nothing and asks once; only if our key was published so lately that it may not be known yet, once more.
 *
 * @throws TokenEndpointError; AuthClientError identity_unavailable
 */
export async function exchangeToken(exchange: Exchange, options: TokenEndpointOptions): Promise<IssuedToken> {
  try {
    return await askOnce(exchange, options);
  } catch (error) {
    const mayBeNew = error instanceof TokenEndpointError && error.error === 'invalid_client';
    if (!mayBeNew || !options.identity.justPublished) throw error;
    await delay(keySeenAfterMs);
    return askOnce(exchange, options);
  }
}

async function askOnce(exchange: Exchange, options: TokenEndpointOptions): Promise<IssuedToken> {
  const { identity, issuer, timeoutMs } = options;
  const assertion = await identity.assertion(issuer);
  const parameters = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: identity.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    subject_token: exchange.subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience: exchange.audience,
    ...(exchange.scopes.length > 0 && { scope: exchange.scopes.join(' ') }),
  });
  const { response, body } = await withDeadline(timeoutMs, (signal) =>
    post(parameters, { exchange, options, signal }),
  ).catch((cause: unknown) => {
    throw new TokenEndpointError(isTimeout(cause) ? 'timeout' : 'unreachable', { cause });
  });
  if (response.status !== 200) throw new TokenEndpointError(errorOf(response, body), { response });
  return issuedToken(body, exchange);
}

interface Posting {
  exchange: Exchange;
  options: TokenEndpointOptions;
  signal: AbortSignal;
}

async function post(
  parameters: URLSearchParams,
  { exchange, options, signal }: Posting,
): Promise<{ response: Response; body: Record<string, unknown> }> {
  const response = await options.fetch(options.tokenEndpoint, {
    method: 'POST',
    headers: { ...exchange.headers, accept: 'application/json' },
    body: parameters,
    redirect: 'error',
    signal,
  });
  return { response, body: jsonOf(await boundedBody(response, maxBodyBytes)) };
}

function jsonOf(body: Buffer | undefined): Record<string, unknown> {
  if (!body || !isUtf8(body)) return {};
  try {
    return parseJsonObject(body.toString('utf8'));
  } catch {
    return {};
  }
}

/** RFC 6749 §5.2 where the answer is of that form; else by the status alone. */
function errorOf({ status }: Response, { error }: Record<string, unknown>): string {
  const named = (status === 400 || status === 401) && typeof error === 'string';
  return named && /^[a-z_]{1,40}$/.test(error) ? error : `answered ${status}`;
}

/** RFC 8693 §2.2.1 */
function issuedToken(body: Record<string, unknown>, { scopes }: Exchange): IssuedToken {
  const { access_token: accessToken, expires_in: expiresInSeconds, scope } = body;
  const isToken = typeof accessToken === 'string' && /^[\x21-\x7e]{1,8192}$/.test(accessToken);
  const isBearer = typeof body.token_type === 'string' && body.token_type.toLowerCase() === 'bearer';
  const lives = typeof expiresInSeconds === 'number' && expiresInSeconds > 0;
  if (!(isToken && isBearer && lives && body.issued_token_type === accessTokenType))
    throw new TokenEndpointError('malformed answer');
  // RFC 6749 §5.1: without `scope` the token has what was asked for.
  if (scope === undefined) return { accessToken, expiresInSeconds };
  const granted = typeof scope === 'string' && (scope === '' || isScopeList(scope)) ? scope.split(' ') : [];
  if (!scopes.every((wanted) => granted.includes(wanted))) throw new TokenEndpointError('invalid_scope');
  return { accessToken, expiresInSeconds };
}
