import { SessionError } from './errors.ts';

/** A request whose answer comes from where it was sent to, or not at all. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Makes requests that follow no redirect. Browsers drop the Authorization header on the way to another origin only since
 * Chrome 119, Firefox 111 and Safari 16.1 (Fetch standard, HTTP-redirect fetch), and never the body, which may be a
 * password. Our services redirect nobody.
 *
 * The functions throw SessionError `unreachable` and `redirected`; and what aborted the request, when `init.signal` did.
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
      // A browser does not even tell the status.
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
