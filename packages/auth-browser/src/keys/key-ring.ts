import { SessionError } from '../errors.ts';
import type { Binding } from '../options.ts';
import type { Platform } from '../platform.ts';
import { createSessionKey, isSessionKey, type SessionKey } from './session-key.ts';

/** The keys that this origin's session may have, by their thumbprints. Each function throws SessionError. */
export type KeyRing = {
  /** The likeliest first. More than one only after a sign-in whose answer was lost. */
  list(): Promise<readonly string[]>;
  /** A new key, which the browser keeps from now on beside the others; undefined where sessions have none. */
  add(): Promise<string | undefined>;
  /**
   * Puts `key` in place of `known`, or only forgets these. Keys that another tab has added meanwhile stay. Never rejects:
   * a key too many does no harm.
   */
  settle(key: string | undefined, known: readonly string[]): Promise<void>;
  /** @throws {SessionError} `storage_blocked` also if the browser has it no more */
  find(thumbprint: string): Promise<SessionKey>;
};

const maxKeys = 4;

export function createKeyRing({
  name,
  binding,
  platform,
}: {
  /** Of the record that holds the keys. */
  readonly name: string;
  readonly binding: Binding;
  readonly platform: Pick<Platform, 'records'>;
}): KeyRing {
  const { records } = binding === 'none' ? { records: undefined } : platform;
  /** Messages between tabs hold thumbprints alone, so each tab reads a key once. */
  const seen = new Map<string, SessionKey>();

  /** `change` returns the same list for no change. */
  async function update(change: (keys: readonly SessionKey[]) => readonly SessionKey[]) {
    try {
      const after = await records?.update(name, (record) => {
        const keys = readKeys(record);
        const changed = change(keys);
        if (changed === keys) return record;
        return changed.length === 0 ? undefined : changed.slice(0, maxKeys);
      });
      return readKeys(after);
    } catch (cause) {
      throw new SessionError('storage_blocked', 'The browser keeps no key for this page.', { cause });
    }
  }

  return {
    list: async () => (await update((keys) => keys)).map(({ thumbprint }) => thumbprint),

    async add() {
      if (records === undefined && binding === 'required')
        throw new SessionError('insecure_context', 'Serve the page over https, or from localhost.');
      if (records === undefined) return undefined;
      const key = await createSessionKey();
      try {
        await update((keys) => [...keys.slice(0, maxKeys - 1), key]);
      } catch (error) {
        if (binding === 'required') throw error;
        return undefined;
      }
      seen.set(key.thumbprint, key);
      return key.thumbprint;
    },

    async settle(key, known) {
      const isOther = ({ thumbprint }: SessionKey) => thumbprint !== key && !known.includes(thumbprint);
      await update((keys) => [
        ...keys.filter(({ thumbprint }) => thumbprint === key),
        ...keys.filter(isOther),
      ]).catch(() => {});
    },

    async find(thumbprint) {
      const isIt = (each: SessionKey) => each.thumbprint === thumbprint;
      const key = seen.get(thumbprint) ?? (await update((keys) => keys)).find(isIt);
      if (key === undefined)
        throw new SessionError('storage_blocked', 'The browser has lost the key of this session.');
      seen.set(thumbprint, key);
      return key;
    },
  };
}

/** Another release of the page may have written them. */
function readKeys(record: unknown): readonly SessionKey[] {
  return Array.isArray(record) ? record.filter(isSessionKey) : [];
}
