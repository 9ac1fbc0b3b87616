import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = { readonly model: string; readonly payload: AdapterPayload; readonly expiresAt: number };

const maxEntries = 10_000;

/** What a grant takes with it. An interaction outlives the grant of who was signed in before. */
const ofGrants = new Set(['AccessToken', 'AuthorizationCode']);

export type Store = ReturnType<typeof createStore>;

/** Keeps the state of the provider in memory: an end of the process forgets it. The oldest goes when there is too much. */
export function createStore() {
  const entries = new Map<string, Entry>();

  function find(key: string): AdapterPayload | undefined {
    const entry = entries.get(key);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
  }

  function add(key: string, entry: Entry): void {
    entries.delete(key);
    entries.set(key, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) return;
      entries.delete(oldest);
    }
  }

  const payloadsOf = (model: string) =>
    [...entries.values()].filter((entry) => entry.model === model).map(({ payload }) => payload);

  return {
    adapter(model: string): Adapter {
      const keyOf = (id: string) => `${model}:${id}`;
      return {
        upsert: async (id, payload, seconds = Number.POSITIVE_INFINITY) =>
          add(keyOf(id), { model, payload, expiresAt: Date.now() + seconds * 1000 }),
        find: async (id) => find(keyOf(id)),
        findByUid: async (uid) => {
          const found = payloadsOf(model).find((payload) => payload.uid === uid);
          return found && find(keyOf(found.jti ?? ''));
        },
        findByUserCode: async () => undefined,
        consume: async (id) => {
          const payload = find(keyOf(id));
          if (payload) payload.consumed = Math.floor(Date.now() / 1000);
        },
        destroy: async (id) => void entries.delete(keyOf(id)),
        revokeByGrantId: async (grantId) => {
          for (const [key, entry] of entries)
            if (ofGrants.has(entry.model) && entry.payload.grantId === grantId) entries.delete(key);
        },
      };
    },
    payloadsOf,
  };
}
