import { indexedDbRecords, type Records } from './keys/records.ts';

/** Why the session should be checked now: the page became visible, left the back-forward cache, or went online. */
export type Wake = 'shown' | 'thawed' | 'online';

/** The browser APIs that a session uses. Tests replace them. */
export type Platform = {
  /** Milliseconds since the epoch, by a clock that keeps running while the machine sleeps. */
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** Returns a function that cancels the timer. */
  setTimer(run: () => void, delayMs: number): () => void;
  /** Undefined outside secure contexts. Where cookies are blocked, the API exists but refuses requests. */
  readonly locks: Pick<LockManager, 'request' | 'query'> | undefined;
  /** Undefined where BroadcastChannel does not exist. */
  openChannel(name: string): BroadcastChannel | undefined;
  /** Shared by all pages of the origin. Undefined in workers, and where storage is forbidden. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** Shared by all pages of the origin. Undefined where there is no IndexedDB, or no Web Crypto (insecure contexts). */
  readonly records: Records | undefined;
  /**
   * Whether the browser may drop auth-service's cookie without telling auth-service: in a frame, over plain HTTP, where it
   * sends no Sec-Fetch-Site, and where storage is forbidden.
   */
  mayDropCookies(): boolean;
  /** Of this tab alone. Throws where storage is forbidden. */
  tabStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** The page's address. */
  readonly address: {
    get(): string;
    /** Shows another one without loading it. */
    replace(url: string): void;
    leaveFor(url: string): void;
  };
  /** Returns a function that unsubscribes. */
  onWake(callback: (wake: Wake) => void): () => void;
};

export const browserPlatform: Platform = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimer(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  get locks() {
    // The types say that it always exists, but it does not in insecure contexts.
    return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  },
  openChannel(name) {
    try {
      return typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
    } catch {
      // Throws where cookies are blocked, as the storage does.
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
  get records() {
    const isSecure = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle !== undefined;
    const factory = globalThis.indexedDB as IDBFactory | undefined;
    return isSecure && factory !== undefined ? indexedDbRecords(factory) : undefined;
  },
  mayDropCookies() {
    const isFramed = typeof window !== 'undefined' && window.top !== window;
    return isFramed || globalThis.isSecureContext === false || browserPlatform.storage === undefined;
  },
  tabStorage: () => sessionStorage,
  address: {
    get: () => location.href,
    replace: (url) => history.replaceState(history.state, '', url),
    leaveFor: (url) => location.assign(url),
  },
  onWake(callback) {
    // A worker has no document.
    if (typeof window === 'undefined') return () => {};
    const ended = new AbortController();
    const { signal } = ended;
    document.addEventListener('visibilitychange', () => document.hidden || callback('shown'), { signal });
    window.addEventListener('pageshow', ({ persisted }) => persisted && callback('thawed'), { signal });
    window.addEventListener('online', () => callback('online'), { signal });
    return () => ended.abort();
  },
};
