import { refreshCookieName } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cookieValues } from './cookie-values.ts';
import { type MacKeys, type RefreshToken, readRefreshToken } from './refresh-token.ts';

/** No honest browser holds more sessions. It bounds the lookups in the store. */
const maxSessions = 4;

/** One of our refresh tokens, as the browser sent it. */
export type PresentedToken = RefreshToken & { readonly text: string };

/**
 * The cookie that holds a browser's refresh token. Scripts cannot read it, no other site receives it, and over HTTPS it
 * is bound to this host. A browser may send several cookies with this name, and anyone may have set them for another
 * path or domain. The MAC tells which are ours.
 *
 * @example
 * const cookie = createRefreshCookie({ issuer: 'https://auth.example', macKeys, clock: Date.now });
 * cookie.set(reply, { refreshToken, expiresAt });
 */
export function createRefreshCookie({ issuer, macKeys, clock }: RefreshCookieOptions) {
  const secure = issuer.startsWith('https:');
  const name = refreshCookieName(issuer);
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'strict' } as const;

  /** Every cookie with our name; undefined for one that we did not make. */
  function all(request: FastifyRequest, clientId: string): (PresentedToken | undefined)[] {
    return cookieValues(request, name).map((text) => {
      const token = readRefreshToken(text, clientId, macKeys);
      return token && { ...token, text };
    });
  }

  return {
    /**
     * Returns our tokens for this client: the newest token of each session, the likeliest session first.
     *
     * Does not check whether the sessions are alive.
     */
    read(request: FastifyRequest, clientId: string): PresentedToken[] {
      const newest = new Map<string, PresentedToken>();
      for (const token of all(request, clientId)) {
        if (token !== undefined && token.generation > (newest.get(token.sessionId)?.generation ?? 0))
          newest.set(token.sessionId, token);
      }
      return [...newest.values()].slice(0, maxSessions);
    },
    /** `expiresAt`: the session's absolute expiry, in milliseconds since the epoch. */
    set(reply: FastifyReply, cookie: { refreshToken: string; expiresAt: number }): void {
      const expires = new Date(cookie.expiresAt);
      // Max-Age takes precedence over Expires (RFC 6265 §4.1.2.2), so a browser whose clock is ahead keeps the cookie.
      const maxAge = Math.ceil((cookie.expiresAt - clock()) / 1000);
      reply.setCookie(name, cookie.refreshToken, { ...attributes, expires, maxAge });
    },
    /** Clears the cookie if every cookie with its name is ours and its session is over. */
    clear(reply: FastifyReply, { clientId, isOver }: ClearOptions): void {
      const tokens = all(reply.request, clientId);
      const isWorthless = tokens.every((token) => token !== undefined && isOver(token.sessionId));
      if (tokens.length > 0 && isWorthless) reply.clearCookie(name, attributes);
    },
  };
}

type RefreshCookieOptions = {
  readonly issuer: string;
  readonly macKeys: MacKeys;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type ClearOptions = { readonly clientId: string; readonly isOver: (sessionId: string) => boolean };

export type RefreshCookie = ReturnType<typeof createRefreshCookie>;
