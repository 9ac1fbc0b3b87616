import type { CurrentToken } from './current-token.ts';
import { SessionError } from './errors.ts';
import { canBeSentAgain, type ProvingSend } from './keys/proving-send.ts';
import type { Platform } from './platform.ts';
import { readProblem } from './problem.ts';
import { createRefusalBackoff } from './refusal-backoff.ts';
import type { SignedInFact } from './session-fact.ts';
import { readClaims } from './token-claims.ts';

export type AuthenticatedFetchParts = {
  /** The origins that may get the token. */
  readonly origins: ReadonlySet<string>;
  readonly send: ProvingSend;
  readonly token: CurrentToken;
  readonly platform: Platform;
};

export type AuthenticatedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** See BrowserSession.fetch. */
export function createAuthenticatedFetch(parts: AuthenticatedFetchParts): AuthenticatedFetch {
  const { send, token, platform } = parts;
  const backoff = createRefusalBackoff(platform);

  return async (address, init = {}) => {
    const url = allowed(address, parts.origins);
    const first = await token.get();
    const response = await send(url.href, withoutCookies(init), first);
    const refusal = await refusalIn(response);
    if (refusal === undefined || backoff.isOn(url.origin)) return response;

    const next = await token.after(first, refusal.reason);
    if (next === undefined || !isSameUser(first, next) || !canBeSentAgain(init.body)) return response;
    void response.body?.cancel();
    const second = await send(url.href, withoutCookies(init), next);
    if ((await refusalIn(second)) === undefined) backoff.reset(url.origin);
    else backoff.extend(url.origin);
    return second;
  };
}

/** @throws {SessionError} `origin_not_allowed` */
function allowed(address: string | URL, origins: ReadonlySet<string>): URL {
  const page = globalThis.location?.href;
  const url = URL.canParse(address, page) ? new URL(address, page) : undefined;
  // The protocol is checked because a blob: URL has the origin of the page that made it.
  if (url !== undefined && /^https?:$/.test(url.protocol) && origins.has(url.origin)) return url;
  throw new SessionError('origin_not_allowed', `The token is not sent to ${url?.origin ?? 'this address'}.`);
}

/** If page and services share an origin, the default would send cookies, and with them the refresh token. */
function withoutCookies(init: RequestInit): RequestInit {
  return { credentials: 'omit', ...init };
}

/**
 * Whether the token itself was refused (RFC 6750 §3.1): after any other refusal another token would not help. The
 * answer stays readable.
 */
async function refusalIn(response: Response): Promise<{ readonly reason: string | null } | undefined> {
  if (response.status !== 401) return undefined;
  const { code, reason } = await readProblem(response.clone());
  const challenge = response.headers.get('www-authenticate') ?? '';
  const isInvalidToken = code === 'invalid_token' || /\berror="?invalid_token\b/.test(challenge);
  return isInvalidToken ? { reason } : undefined;
}

/** A person's request must not be repeated in the name of another person who has signed in meanwhile. */
function isSameUser(one: SignedInFact, other: SignedInFact): boolean {
  return readClaims(one.accessToken)?.subject === readClaims(other.accessToken)?.subject;
}
