import { randomBytes } from 'node:crypto';
import { pushedRequestKey } from '../../redis/key-names.ts';
import type { Records } from '../../redis/records.ts';

/** A client sends the person on at once. */
export const pushedSeconds = 60;

const prefix = 'urn:ietf:params:oauth:request_uri:';

export type PushedRequests = ReturnType<typeof createPushedRequests>;

/** Authorization requests that clients pushed (RFC 9126), in Redis until they are used or expire. */
export function createPushedRequests({ records }: { readonly records: Records }) {
  return {
    /** Keeps the parameters of a client's request, and returns the URI that stands for them. */
    async keep(clientId: string, text: string): Promise<string> {
      const id = randomBytes(32).toString('base64url');
      await records.keep(pushedRequestKey(id), JSON.stringify({ clientId, text }), pushedSeconds);
      return `${prefix}${id}`;
    },

    /** The parameters; undefined when there are none, or another client pushed them. Does not use them up. */
    async find(uri: string, clientId: string | undefined): Promise<string | undefined> {
      const key = keyOf(uri);
      const kept = key === undefined ? undefined : await records.find(key);
      if (kept === undefined) return undefined;
      const { clientId: owner, text } = JSON.parse(kept) as { clientId: string; text: string };
      return owner === clientId ? text : undefined;
    },

    /** Returns whether they were still there, so that each URI is used once. */
    async use(uri: string): Promise<boolean> {
      const key = keyOf(uri);
      return key !== undefined && (await records.remove(key));
    },
  };

  function keyOf(uri: string): string | undefined {
    const id = uri.slice(prefix.length);
    return uri.startsWith(prefix) && /^[\w-]{43}$/.test(id) ? pushedRequestKey(id) : undefined;
  }
}
