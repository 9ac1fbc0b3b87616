import type { AuthEndpoint } from './auth-endpoint.ts';
import { SessionError } from './errors.ts';
import type { Platform } from './platform.ts';
import type { IssuedToken } from './session-fact.ts';

export type ReturningCookieParts = {
  readonly endpoint: AuthEndpoint;
  readonly platform: Pick<Platform, 'mayDropCookies'>;
};

/**
 * Where the browser may drop the cookie without auth-service's knowledge, completes a sign-in only when the cookie has
 * come back: with one refresh. If it has not, ends the new session and rejects with `cross_site`. Otherwise the person
 * would be signed out again by the first renewal.
 */
export function requireReturningCookie({ endpoint, platform }: ReturningCookieParts): AuthEndpoint {
  async function complete(token: IssuedToken, key: string | undefined): Promise<IssuedToken> {
    if (!platform.mayDropCookies()) return token;
    try {
      return await endpoint.refresh(key);
    } catch (error) {
      // Any other failure says nothing of the cookie. The first renewal finds out.
      if (!isMissingCookie(error)) return token;
      await endpoint.signOut(token, false).catch(() => {});
      throw new SessionError(
        'cross_site',
        'The browser keeps no cookie of auth-service here, because the page is in a frame of another site, or blocks cookies.',
        { status: error.status, reason: error.reason },
      );
    }
  }

  return {
    ...endpoint,
    signIn: async (credentials, keys) => complete(await endpoint.signIn(credentials, keys), keys.key),
    signInByCode: async (code, keys) => complete(await endpoint.signInByCode(code, keys), keys.key),
  };
}

function isMissingCookie(error: unknown): error is SessionError {
  return (
    error instanceof SessionError &&
    error.code === 'session_ended' &&
    (error.reason === 'no_cookie' || error.reason === 'cross_site')
  );
}
