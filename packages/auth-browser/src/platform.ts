/** Why it is worth looking at the session now: the page came into view, out of the back-forward cache, or online. */
export type Wake = 'shown' | 'thawed' | 'online';

/** What a session needs of the place where it runs. Tests bring their own. */
export interface Platform {
  /** Milliseconds since the epoch, by a clock that goes on while the machine sleeps. */
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** Returns what cancels it. */
  setTimer(run: () => void, delayMs: number): () => void;
  /** Missing outside secure contexts. Where cookies are blocked, they are there and refuse. */
  readonly locks: Pick<LockManager, 'request' | 'query'> | undefined;
  /** Undefined where there are no channels. */
  openChannel(name: string): BroadcastChannel | undefined;
  /** Shared by all pages of the origin. Missing in workers, and where it is forbidden to store anything. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** Returns what ends it. */
  onWake(callback: (wake: Wake) => void): () => void;
}

export const browserPlatform: Platform = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimer(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  get locks() {
    // The types say that it is always there: insecure contexts are no concern of theirs.
    return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  },
  openChannel(name) {
    try {
      return typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
    } catch {
      // As for the storage: where cookies are blocked.
      return undefined;
    }
  },
  get storage() {
    try {
      return globalThis.localStorage as Storage | undefined;
    } catch {
      return undefined;
    }
  },
  onWake(callback) {
    // A worker has neither document nor pages to show.
    if (typeof window === 'undefined') return () => {};
    const ended = new AbortController();
    const { signal } = ended;
    document.addEventListener('visibilitychange', () => document.hidden || callback('shown'), { signal });
    window.addEventListener('pageshow', ({ persisted }) => persisted && callback('thawed'), { signal });
    window.addEventListener('online', () => callback('online'), { signal });
    return () => ended.abort();
  },
};
