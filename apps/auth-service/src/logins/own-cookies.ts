import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cookieValues } from '../sessions/cookie-values.ts';
import { absoluteSeconds, loginIdForm } from './login-store.ts';

/** No honest browser sends more of a name. It bounds the lookups in the store. */
const maxValues = 4;
const browserForm = /^[\w-]{22}$/;

export type OwnCookies = ReturnType<typeof createOwnCookies>;

/**
 * The two cookies of our own pages: the login, and an id that binds a request's pages to the browser in which it began.
 * SameSite=Lax, because people come from the pages of other sites. With an https issuer the prefix `__Host-` binds them
 * to our host. The name differs per issuer, since localhost shares cookies between ports.
 *
 * A browser may send several cookies with these names, and anyone may have set them for another path or domain. So each
 * value that has the form of ours may be ours, the likeliest first.
 */
export function createOwnCookies({ issuer }: { readonly issuer: string }) {
  const secure = issuer.startsWith('https:');
  const suffix = createHash('sha256').update(issuer).digest('hex').slice(0, 8);
  const nameOf = (what: string) => `${secure ? '__Host-' : ''}latchkey-${what}-${suffix}`;
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const;
  const login = nameOf('login');
  const browser = nameOf('browser');

  const valuesOf = (request: FastifyRequest, name: string, form: RegExp): readonly string[] =>
    cookieValues(request, name)
      .filter((value) => form.test(value))
      .slice(0, maxValues);
  const browsersOf = (request: FastifyRequest) => valuesOf(request, browser, browserForm);

  return {
    loginsOf: (request: FastifyRequest) => valuesOf(request, login, loginIdForm),

    setLogin: (reply: FastifyReply, id: string): void =>
      void reply.setCookie(login, id, { ...attributes, maxAge: absoluteSeconds }),

    clearLogin: (reply: FastifyReply): void => void reply.clearCookie(login, attributes),

    browsersOf,

    /** The browser's id; sets a new one where there is none. */
    ensureBrowser(reply: FastifyReply): string {
      const [known] = browsersOf(reply.request);
      if (known !== undefined) return known;
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

/** Whether this browser, which has these ids, is the one of which a record keeps the digest. */
export function isSameBrowser(ids: readonly string[], digest: string): boolean {
  return ids.some((id) => timingSafeEqual(Buffer.from(digestOfBrowser(id)), Buffer.from(digest)));
}
