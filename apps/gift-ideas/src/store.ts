import { randomBytes } from 'node:crypto';

/**
 * Keeps values in memory, each under a random id that is handed to one browser. The oldest goes when there are too
 * many. A restart forgets all of them: an application with more than one process uses a database instead.
 *
 * @example const sessions = createStore<Session>({ seconds: 28_800, most: 10_000 });
 */
export function createStore<T>(options: { seconds: number; most: number; clock: () => number }) {
  const { seconds, most, clock } = options;
  // In the order in which they expire.
  const entries = new Map<string, { value: T; expiresAt: number }>();

  function removeExpired(): void {
    for (const [id, { expiresAt }] of entries) {
      if (expiresAt > clock() && entries.size < most) return;
      entries.delete(id);
    }
  }

  function get(id: string | undefined): T | undefined {
    const entry = entries.get(id ?? '');
    return entry !== undefined && entry.expiresAt > clock() ? entry.value : undefined;
  }

  return {
    get,
    add(value: T): string {
      removeExpired();
      const id = randomBytes(32).toString('base64url');
      entries.set(id, { value, expiresAt: clock() + seconds * 1000 });
      return id;
    },
    /** Forgets the values of which this is true. */
    remove(isMeant: (value: T) => boolean): void {
      for (const [id, { value }] of entries) if (isMeant(value)) entries.delete(id);
    },
    /** Forgets a value, and returns it. */
    take(id: string | undefined): T | undefined {
      const value = get(id);
      entries.delete(id ?? '');
      return value;
    },
  };
}
