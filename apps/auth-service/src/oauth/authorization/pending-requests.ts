import { randomBytes } from 'node:crypto';
import { digestOfBrowser, isSameBrowser } from '../../logins/own-cookies.ts';
import { authorizationRequestKey } from '../../redis/key-names.ts';
import type { Records } from '../../redis/records.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { Progress } from './next-step.ts';

/** How long a person may take over the pages of one request. */
export const pendingSeconds = 600;

/** An authorization request while its pages are shown. */
export type PendingRequest = {
  readonly id: string;
  readonly request: AuthorizationRequest;
  readonly progress: Progress;
  /** The digest of the browser that began it. */
  readonly browser: string;
};

export type PendingRequests = ReturnType<typeof createPendingRequests>;

/**
 * Authorization requests in Redis, each under a random id and bound to the browser that began it. So no parameter
 * travels through a form, and a link to the pages of a request is worth nothing in another browser.
 */
export function createPendingRequests({ records }: { readonly records: Records }) {
  return {
    async begin(request: AuthorizationRequest, progress: Progress, browser: string): Promise<PendingRequest> {
      const id = randomBytes(16).toString('base64url');
      const pending = { id, request, progress, browser: digestOfBrowser(browser) };
      await write(pending);
      return pending;
    },

    /** Undefined when the request has expired, was answered, or began in another browser. */
    async find(id: string, browsers: readonly string[]): Promise<PendingRequest | undefined> {
      if (browsers.length === 0) return undefined;
      const kept = await records.find(authorizationRequestKey(id));
      if (kept === undefined) return undefined;
      const pending = JSON.parse(kept) as Omit<PendingRequest, 'id'>;
      return isSameBrowser(browsers, pending.browser) ? { id, ...pending } : undefined;
    },

    /** Keeps the progress, for as long again. */
    update: write,

    /** Returns whether it was still there, so that one request is answered once. */
    finish: (id: string): Promise<boolean> => records.remove(authorizationRequestKey(id)),
  };

  async function write({ id, request, progress, browser }: PendingRequest): Promise<void> {
    const kept: Omit<PendingRequest, 'id'> = { request, progress, browser };
    await records.keep(authorizationRequestKey(id), JSON.stringify(kept), pendingSeconds);
  }
}
