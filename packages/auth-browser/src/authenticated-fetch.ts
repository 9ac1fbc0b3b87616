import type { CurrentToken } from './current-token.ts';
import { createDistrust } from './distrust.ts';
import { SessionError } from './errors.ts';
import type { Platform } from './platform.ts';
import { readProblem } from './problem.ts';
import type { Send } from './send.ts';
import type { SignedInFact } from './session-fact.ts';
import { readClaims } from './token-claims.ts';

export interface AuthenticatedFetchParts {
  /** All that may be sent the token. */
  readonly origins: ReadonlySet<string>;
  readonly send: Send;
  readonly token: CurrentToken;
  readonly platform: Platform;
}

export type AuthenticatedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** See BrowserSession.fetch. */
export function createAuthenticatedFetch(parts: AuthenticatedFetchParts): AuthenticatedFetch {
  const { send, token, platform } = parts;
  const distrust = createDistrust(platform);

  return async (address, init = {}) => {
    const url = allowed(address, parts.origins);
    const first = await token.get();
    const response = await send(url.href, withToken(init, first));
    const refusal = await refusalIn(response);
    if (refusal === undefined || distrust.of(url.origin)) return response;

    const next = await token.after(first, refusal.reason);
    if (next === undefined || !isSamePerson(first, next) || !canBeSentAgain(init.body)) return response;
    void response.body?.cancel();
    const second = await send(url.href, withToken(init, next));
    if ((await refusalIn(second)) === undefined) distrust.end(url.origin);
    else distrust.begin(url.origin);
    return second;
  };
}

/** @throws {SessionError} `origin_not_allowed` */
function allowed(address: string | URL, origins: ReadonlySet<string>): URL {
  const page = globalThis.location?.href;
  const url = URL.canParse(address, page) ? new URL(address, page) : undefined;
  // A blob: URL has the origin of who made it.
  if (url !== undefined && /^https?:$/.test(url.protocol) && origins.has(url.origin)) return url;
  throw new SessionError('origin_not_allowed', `The token is not sent to ${url?.origin ?? 'this address'}.`);
}

function withToken(init: RequestInit, { accessToken }: SignedInFact): RequestInit {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${accessToken}`);
  // Where page and services are of one origin, cookies would go along, and with them the refresh token.
  return { credentials: 'omit', ...init, headers };
}

/**
 * Whether the token was refused as such (RFC 6750 §3.1): no other refusal can be helped by another token. The answer
 * stays readable.
 */
async function refusalIn(response: Response): Promise<{ readonly reason: string | null } | undefined> {
  if (response.status !== 401) return undefined;
  const { code, reason } = await readProblem(response.clone());
  const challenge = response.headers.get('www-authenticate') ?? '';
  const isInvalidToken = code === 'invalid_token' || /\berror="?invalid_token\b/.test(challenge);
  return isInvalidToken ? { reason } : undefined;
}

/** What one person asked for must not be done in the name of another who has signed in meanwhile. */
function isSamePerson(one: SignedInFact, other: SignedInFact): boolean {
  return readClaims(one.accessToken)?.subject === readClaims(other.accessToken)?.subject;
}

/** A stream has been read, and cannot be read again. */
function canBeSentAgain(body: RequestInit['body']): boolean {
  return !(body instanceof ReadableStream);
}
