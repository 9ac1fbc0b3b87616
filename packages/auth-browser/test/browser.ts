import { randomUUID } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { type BrowserSession, startBrowserSession } from '../src/browser-session.ts';
import type { Binding, Storage } from '../src/options.ts';
import type { Platform } from '../src/platform.ts';
import { type AuthServer, invalidToken, startAuthServer, testPassword } from './auth-server.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFakePlatform, type FakePlatform, type FakePlatformOptions } from './fake-platform.ts';
import { type Answer, type Asked, type HttpServer, startHttpServer } from './http-server.ts';

type Locks = NonNullable<Platform['locks']>;

export type Tab = {
  readonly session: BrowserSession;
  readonly platform: FakePlatform;
};

export type Browser = {
  /** The clock of all its tabs. */
  readonly clock: FakeClock;
  readonly auth: AuthServer;
  /** Answers 200 to valid tokens and 401 to others, unless `answer` says otherwise. */
  readonly cart: HttpServer;
  /** Replaces cart-service's answer. Undefined keeps the default. */
  answer: ((asked: Asked) => Promise<Answer> | Answer | undefined) | undefined;
  /** Opens another tab. */
  openTab(
    options?: FakePlatformOptions & {
      clientId?: string;
      cookies?: 'blocked';
      binding?: Binding;
      keptIn?: Storage;
    },
  ): Tab;
  /** The locks of its tabs. */
  readonly locks: Locks;
  /** What the page's origin has stored. */
  readonly stored: Map<string, string>;
  /** What it keeps of keys. */
  readonly records: Map<string, unknown>;
  /** The one cookie, as the browser sends it. */
  cookie(): string;
};

/** A simulated browser without windows, with an auth-service and a cart-service that it can reach. */
export async function openBrowser(): Promise<Browser> {
  const auth = await startAuthServer();
  const cart = await startHttpServer((asked) => {
    const good = auth.accepts(asked);
    return browser.answer?.(asked) ?? (good ? { status: 200, body: { items: [] } } : invalidToken());
  });
  const clock = createFakeClock();
  const locks = createLocks();
  let cookie = '';
  const tabs: Tab[] = [];
  const stored = new Map<string, string>();
  const kept = new Map<string, unknown>();
  const records: FakePlatformOptions['records'] = {
    async update(name, change) {
      const before = kept.get(name);
      const after = change(before);
      if (after === undefined) kept.delete(name);
      // As IndexedDB does it.
      else if (after !== before) kept.set(name, structuredClone(after));
      return after;
    },
  };
  const storage: FakePlatformOptions['storage'] = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, value) => void stored.set(name, value),
    removeItem: (name) => void stored.delete(name),
  };

  /** Node.js's fetch has no cookies; this adds those of auth-service. */
  const fetchWithCookies: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const takesCookies = init?.credentials === 'include';
    if (takesCookies && cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(input, { ...init, headers });
    const [set] = response.headers.getSetCookie();
    if (takesCookies && set !== undefined)
      cookie = set.includes('Max-Age=0') ? '' : (set.split(';')[0] ?? '');
    return response;
  };

  /** Cookies belong to the browser, so they arrive even when the tab is frozen. */
  const fetchOf =
    (platform: FakePlatform): typeof fetch =>
    async (input, init) => {
      const [answer] = await Promise.allSettled([fetchWithCookies(input, init)]);
      await new Promise<void>((resolve) => platform.whenAwake(resolve, 'answer'));
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    };

  const browser: Browser = {
    clock,
    auth,
    cart,
    answer: undefined,
    locks,
    stored,
    records: kept,
    cookie: () => cookie,
    openTab({ clientId = 'storefront', cookies, binding, keptIn, ...options } = {}) {
      const platform = createFakePlatform(clock, { locks, storage, records, ...options });
      const session = startBrowserSession(
        {
          issuer: auth.origin,
          clientId,
          services: [cart.origin],
          ...(binding && { binding }),
          ...(keptIn && { storage: keptIn }),
          fetch: cookies === 'blocked' ? fetch : fetchOf(platform),
        },
        platform,
      );
      tabs.push({ session, platform });
      return { session, platform };
    },
  };

  onTestFinished(async () => {
    for (const { session } of tabs) session.close();
    await Promise.all([auth.close(), cart.close()]);
  });
  return browser;
}

/**
 * Locks of one browser alone. Their names contain auth-service's port, which an earlier test may have had; a tab that
 * it left frozen holds its lock for good.
 */
function createLocks(): Locks {
  const prefix = `${randomUUID()} `;
  const own = (all: readonly LockInfo[] = []) => all.filter(({ name }) => name?.startsWith(prefix));
  return {
    request: (name: string, ...options: [never]) => navigator.locks.request(prefix + name, ...options),
    async query() {
      const { held, pending } = await navigator.locks.query();
      const named = (lock: LockInfo) => ({ ...lock, name: lock.name?.slice(prefix.length) ?? '' });
      return { held: own(held).map(named), pending: own(pending).map(named) };
    },
  };
}

/** The signed-in state. Throws when no one is signed in. */
export function signedIn({ session }: Pick<Tab, 'session'>) {
  const state = session.state();
  if (state.status !== 'signed_in') throw new Error(`expected somebody to be signed in: ${state.status}`);
  return state;
}

/** A tab in which this person has just signed in. */
export async function signedInTab(
  browser: Browser,
  options: Parameters<Browser['openTab']>[0] & { username?: string } = {},
): Promise<Tab> {
  const { username = 'mina', ...rest } = options;
  const tab = browser.openTab(rest);
  await tab.session.signIn({ username, password: testPassword });
  return tab;
}

/** The options of a tab whose page keeps its tokens in a vault. */
export const inVault = { keptIn: 'vault', clientId: 'embedded' } as const;

/** A tab with a vault, whose person has come back from auth-service's page. */
export async function signedInByCode(browser: Browser, username = 'mina'): Promise<Tab> {
  const tab = browser.openTab(inVault);
  await comeBackByCode(browser, tab, username);
  expect(await tab.session.completeSignIn()).toBe(true);
  return tab;
}

/** Takes the tab to auth-service's page, and back with the code. */
export async function comeBackByCode(browser: Browser, { session, platform }: Tab, username: string) {
  await session.beginSignIn({ scope: 'cart:read' });
  platform.href = browser.auth.comeBack(platform.href, username);
}

/** What lies in the vault. */
export const sealedIn = ({ records }: Browser) =>
  [...records.entries()].find(([name]) => name.endsWith(' vault'))?.[1] as
    | { key: CryptoKey; iv: Uint8Array; bytes: ArrayBuffer; sessionId: string }
    | undefined;
