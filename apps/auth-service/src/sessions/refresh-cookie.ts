import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The cookie that holds a browser's refresh token. Scripts cannot read it; it goes to no other site; over HTTPS its
 * name says that it is bound to this host (RFC 6265bis §4.1.3.2, `__Host-`).
 *
 * @example
 * const cookie = createRefreshCookie({ issuer: 'https://auth.example' });
 * cookie.set(reply, { refreshToken, expiresAt });
 */
export function createRefreshCookie(options: { issuer: string }) {
  const secure = options.issuer.startsWith('https:');
  const name = secure ? '__Host-refresh_token' : 'refresh_token';
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'strict' } as const;

  return {
    name,
    read: (request: FastifyRequest): string | undefined => request.cookies[name],
    /** `expiresAt`: the session's absolute expiry, in milliseconds since the epoch. */
    set(reply: FastifyReply, cookie: { refreshToken: string; expiresAt: number }): void {
      reply.setCookie(name, cookie.refreshToken, { ...attributes, expires: new Date(cookie.expiresAt) });
    },
    clear(reply: FastifyReply): void {
      reply.clearCookie(name, attributes);
    },
  };
}

export type RefreshCookie = ReturnType<typeof createRefreshCookie>;
