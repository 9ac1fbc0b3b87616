import { SessionError } from './errors.ts';

/** Sends a request without following redirects. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Returns a function whose requests follow no redirect. Browsers drop the Authorization header of a request redirected
 * to another origin only since Chrome 119, Firefox 111 and Safari 16.1 (Fetch standard, HTTP-redirect fetch). They
 * never drop the body, which may hold a password. Our services never redirect.
 *
 * The function throws SessionError `unreachable` or `redirected`, or the reason of `init.signal`'s abort.
 */
export function createSend(fetch: typeof globalThis.fetch): Send {
  return async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'manual' }).catch((cause: unknown) => {
      if (init.signal?.aborted) throw cause;
      throw unreachable(url, cause);
    });
    if (!isRedirect(response)) return response;
    void response.body?.cancel();
    const { status } = response;
    const { origin } = new URL(url);
    throw new SessionError('redirected', `${origin} answered with a redirect.`, {
      origin,
      // Browsers hide the status.
      status: status === 0 ? null : status,
    });
  };
}

export function unreachable(url: string, cause: unknown): SessionError {
  const { origin } = new URL(url);
  return new SessionError('unreachable', `${origin} did not answer.`, { origin, cause });
}

function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status);
}
