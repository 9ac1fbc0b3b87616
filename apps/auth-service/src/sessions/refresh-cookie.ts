import { refreshCookieName } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type MacKeys, type RefreshToken, readRefreshToken } from './refresh-token.ts';

/** More sessions than a browser holds by any honest way. The store is asked for no more. */
const MOST_SESSIONS = 4;

/** One of our refresh tokens, as the browser sent it. */
export type PresentedToken = RefreshToken & { readonly text: string };

/**
 * The cookie that holds a browser's refresh token. Scripts cannot read it; it goes to no other site; over HTTPS it is
 * bound to this host. A browser may send several cookies of one name, of other paths or domains and so of anybody: the
 * MAC tells which are ours.
 *
 * @example
 * const cookie = createRefreshCookie({ issuer: 'https://auth.example', macKeys, clock: Date.now });
 * cookie.set(reply, { refreshToken, expiresAt });
 */
export function createRefreshCookie({ issuer, macKeys, clock }: RefreshCookieOptions) {
  const secure = issuer.startsWith('https:');
  const name = refreshCookieName(issuer);
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'strict' } as const;

  /** Every cookie of our name; undefined: not one of ours. */
  function all(request: FastifyRequest, clientId: string): (PresentedToken | undefined)[] {
    const pairs = request.headers.cookie?.split(';') ?? [];
    return pairs.flatMap((pair) => {
      // One by one: of several with the same name, a parser keeps one.
      const value = request.server.parseCookie(pair)[name];
      if (value === undefined) return [];
      const text = value.replace(/^"(.*)"$/, '$1');
      const token = readRefreshToken(text, clientId, macKeys);
      return [token && { ...token, text }];
    });
  }

  return {
    /**
     * Our tokens for this client: of each session the newest, the likeliest session first. Ours has the shortest path,
     * and browsers send that last (RFC 6265 §5.4).
     *
     * Says nothing about whether the sessions live.
     */
    read(request: FastifyRequest, clientId: string): PresentedToken[] {
      const newest = new Map<string, PresentedToken>();
      for (const token of all(request, clientId).reverse()) {
        if (token !== undefined && token.generation > (newest.get(token.sessionId)?.generation ?? 0))
          newest.set(token.sessionId, token);
      }
      return [...newest.values()].slice(0, MOST_SESSIONS);
    },
    /** `expiresAt`: the session's absolute expiry, in milliseconds since the epoch. */
    set(reply: FastifyReply, cookie: { refreshToken: string; expiresAt: number }): void {
      const expires = new Date(cookie.expiresAt);
      // Goes before Expires (RFC 6265 §4.1.2.2), so that a browser whose clock is ahead keeps it.
      const maxAge = Math.ceil((cookie.expiresAt - clock()) / 1000);
      reply.setCookie(name, cookie.refreshToken, { ...attributes, expires, maxAge });
    },
    /** Takes the cookie away if all that came under its name is ours, of sessions that are over. */
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
