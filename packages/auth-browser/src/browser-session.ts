import { createAuthEndpoint, type SignInCredentials } from './auth-endpoint.ts';
import { createAuthenticatedFetch } from './authenticated-fetch.ts';
import { createCurrentToken } from './current-token.ts';
import { closed } from './errors.ts';
import { type BrowserSessionOptions, checkOptions } from './options.ts';
import { browserPlatform, type Platform } from './platform.ts';
import { createRefreshLock } from './refresh-lock.ts';
import { createRenewal } from './renewal.ts';
import { scheduleRenewal } from './renewal-schedule.ts';
import { createSend } from './send.ts';
import { createSessionActions } from './session-actions.ts';
import { createSessionMark } from './session-mark.ts';
import type { SessionState } from './session-state.ts';
import { createSessionStore } from './session-store.ts';
import { openTabChannel } from './tab-channel.ts';

/** All that can fail rejects with SessionError. The functions can be passed on without the object. */
export interface BrowserSession {
  /** What is the case. The same object until that changes. */
  state(): SessionState;
  /** Calls back after each change of the state, whichever tab it came from. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /**
   * Finds out whether somebody is signed in, when the page loads: from the other tabs, else by the cookie. When it cannot
   * be told, it rejects, the state stays `restoring`, and it is tried again unasked.
   *
   * Asks auth-service only if this origin remembers (localStorage) that a session began here and has not ended, so that a
   * first visitor is refused nothing. `refresh` asks in any case.
   */
  restore(): Promise<SessionState>;
  /** Signs a person in, in all tabs. A session that there is ends (`replaced`). `cross_site`: see SessionError. */
  signIn(credentials: SignInCredentials): Promise<void>;
  /** Proves once more who is signed in, for what answered `insufficient_user_authentication` (RFC 9470). */
  reauthenticate(password: string): Promise<void>;
  /**
   * Gets a new token now: one request for all tabs that want one at the time. It resolves to `signed_out` when the session
   * has ended; it rejects when that cannot be told, and the session is not lost.
   */
  refresh(): Promise<SessionState>;
  /**
   * Signs out, in all tabs; `everywhere`: of all the person's devices. When it rejects, auth-service does not know of it,
   * and the session goes on.
   */
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /**
   * The global fetch, with the token. Only to the issuer and the listed services (`origin_not_allowed`); no redirect is
   * followed (`redirected`); cookies go along only if `init.credentials` says so.
   *
   * A token that is over is renewed first. An answer 401 `invalid_token` gets one renewal and one more attempt, if it is
   * still the same person and the body is no stream. All other answers are the caller's, whatever their status.
   *
   * Does not wait for slow services: give `init.signal` a timeout. What aborts the request is thrown as it is.
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /**
   * Ends timers, the channel and what waits for its turn; the state stays as it is. Signs nobody out. A request that is on
   * its way goes on, so that its cookie is not lost.
   */
  close(): void;
}

/**
 * A person's session in a page, shared by all tabs of its origin.
 *
 * The access token is in memory only; the refresh token is in an HttpOnly cookie of auth-service, which no script can
 * read. The session renews the token before it expires and tells why it ended.
 *
 * Does not verify tokens: the services do. Keeps out no script that runs in the page: that can use the session like the
 * page itself, and is for a content security policy to keep out.
 *
 * @throws {SessionError} `invalid_options`
 * @example
 * const session = createBrowserSession({ issuer, clientId: 'storefront', services: ['https://cart.example'] });
 * await session.restore();
 * if (session.state().status === 'signed_out') await session.signIn({ username, password });
 * const cart = await (await session.fetch('https://cart.example/cart')).json();
 */
export function createBrowserSession(options: BrowserSessionOptions): BrowserSession {
  return startBrowserSession(options, browserPlatform);
}

/** The same on another platform, for tests. */
export function startBrowserSession(options: BrowserSessionOptions, platform: Platform): BrowserSession {
  const { issuer, clientId, origins, fetch } = checkOptions(options);
  const name = `latchkey session ${JSON.stringify([issuer, clientId])}`;
  const closing = new AbortController();
  const { signal } = closing;

  const store = createSessionStore();
  const mark = createSessionMark(name, platform);
  // Before anybody else is told. Every tab does: one that stood still may have been the last to write.
  store.subscribe(() => mark.follow(store.fact()));
  const tabs = openTabChannel({ name, platform, store });
  const lock = createRefreshLock({ name, platform, signal });
  const send = createSend(fetch);
  const auth = createAuthEndpoint({ issuer, clientId, send, platform });
  const renewal = createRenewal({ store, mark, tabs, lock, auth, platform });
  const schedule = scheduleRenewal({ store, mark, platform, renew: renewal.renew });
  const actions = createSessionActions({ store, lock, auth, renewal, platform });
  const token = createCurrentToken({ store, platform, renewal, schedule, restore });
  const authenticatedFetch = createAuthenticatedFetch({ origins, send, token, platform });

  let restoring: Promise<SessionState> | undefined;

  async function restore(): Promise<SessionState> {
    restoring ??= restoreOnce().finally(() => {
      restoring = undefined;
    });
    return restoring;
  }

  async function restoreOnce(): Promise<SessionState> {
    if (store.fact() === undefined) await tabs.ask();
    // Older than whatever another tab may tell, and told to none: it is no news.
    if (store.fact() === undefined && !mark.mayExist())
      store.take({ kind: 'signed_out', version: 0, reason: null });
    if (store.fact() === undefined) await renewal.renew();
    return store.state();
  }

  /** Nothing begins any more once it is closed. */
  async function unlessClosed<Result>(run: () => Promise<Result>): Promise<Result> {
    if (signal.aborted) throw closed();
    return run();
  }

  return {
    state: store.state,
    subscribe(listener) {
      let seen = store.state();
      return store.subscribe(() => {
        if (store.state() === seen) return;
        seen = store.state();
        listener();
      });
    },
    restore: () => unlessClosed(restore),
    signIn: (credentials) => unlessClosed(() => actions.signIn(credentials)),
    reauthenticate: (password) => unlessClosed(() => actions.reauthenticate(password)),
    refresh: () => unlessClosed(() => renewal.renew().then(store.state)),
    signOut: ({ everywhere = false } = {}) => unlessClosed(() => actions.signOut(everywhere)),
    fetch: (url, init) => unlessClosed(() => authenticatedFetch(url, init)),
    close() {
      closing.abort();
      schedule.close();
      tabs.close();
      store.close();
    },
  };
}
