import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { absoluteSeconds } from './login-store.ts';

export type OwnCookies = ReturnType<typeof createOwnCookies>;

/**
 * The two cookies of our own pages: the login, and an id that binds a request's pages to the browser in which it began.
 * SameSite=Lax, because people come from the pages of other sites. With an https issuer the prefix `__Host-` binds them
 * to our host. The name differs per issuer, since localhost shares cookies between ports.
 */
export function createOwnCookies({ issuer }: { readonly issuer: string }) {
  const secure = issuer.startsWith('https:');
  const suffix = createHash('sha256').update(issuer).digest('hex').slice(0, 8);
  const nameOf = (what: string) => `${secure ? '__Host-' : ''}latchkey-${what}-${suffix}`;
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const;
  const login = nameOf('login');
  const browser = nameOf('browser');

  return {
    loginOf: (request: FastifyRequest): string | undefined => request.cookies[login],

    setLogin: (reply: FastifyReply, id: string): void =>
      void reply.setCookie(login, id, { ...attributes, maxAge: absoluteSeconds }),

    clearLogin: (reply: FastifyReply): void => void reply.clearCookie(login, attributes),

    browserOf: (request: FastifyRequest): string | undefined => request.cookies[browser],

    /** The browser's id; sets a new one where there is none. */
    ensureBrowser(reply: FastifyReply): string {
      const known = reply.request.cookies[browser];
      if (known !== undefined && /^[\w-]{22}$/.test(known)) return known;
      const id = randomBytes(16).toString('base64url');
      reply.setCookie(browser, id, attributes);
      return id;
    },
  };
}

/** What a record keeps of the browser to which it is bound. It cannot be used as a cookie. */
export function digestOfBrowser(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

/** Whether this browser is the one of which a record keeps the digest. */
export function isSameBrowser(id: string | undefined, digest: string): boolean {
  return id !== undefined && timingSafeEqual(Buffer.from(digestOfBrowser(id)), Buffer.from(digest));
}
