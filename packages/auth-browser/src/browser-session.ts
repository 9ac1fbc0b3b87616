import { createAuthCall } from './auth-call.ts';
import { createAuthEndpoint, type SignInCredentials } from './auth-endpoint.ts';
import { createAuthenticatedFetch } from './authenticated-fetch.ts';
import { type BeginSignInOptions, createCodeFlow } from './code-flow.ts';
import { createCurrentToken } from './current-token.ts';
import { closed } from './errors.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { createKeyedEndpoint } from './keys/keyed-endpoint.ts';
import { createProvingSend } from './keys/proving-send.ts';
import { type BrowserSessionOptions, checkOptions } from './options.ts';
import { browserPlatform, type Platform } from './platform.ts';
import { createRefreshLock } from './refresh-lock.ts';
import { createRenewal } from './renewal.ts';
import { scheduleRenewal } from './renewal-schedule.ts';
import { requireReturningCookie } from './returning-cookie.ts';
import { createSend } from './send.ts';
import { createSessionActions } from './session-actions.ts';
import { createSessionMark } from './session-mark.ts';
import type { SessionState } from './session-state.ts';
import { createSessionStore } from './session-store.ts';
import { openTabChannel } from './tab-channel.ts';
import { createTokenEndpoint } from './vault/token-endpoint.ts';
import { createVault } from './vault/vault.ts';

/** Functions that fail reject with SessionError. All functions can be passed on without the object. */
export type BrowserSession = {
  /** The current state. The same object until it changes. */
  state(): SessionState;
  /** Calls back after each change of the state, whichever tab caused it. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void;
  /**
   * Finds out whether a person is signed in, when the page loads: from the other tabs, else with the cookie. If it
   * cannot find out, it rejects, the state stays `restoring`, and the session retries by itself.
   *
   * Calls auth-service only if a mark in localStorage says that a session began at this origin and has not ended, so
   * that a first visitor causes no refused request. `refresh` always calls it.
   */
  restore(): Promise<SessionState>;
  /** Signs a person in, in all tabs. An existing session ends (`replaced`). `cross_site`: see SessionError. */
  signIn(credentials: SignInCredentials): Promise<void>;
  /**
   * Leaves the page for auth-service's own, where the person signs in, or is signed in already (the code flow with PKCE,
   * RFC 7636). They come back to the `redirectUri`. Rejects, and stays, if auth-service does not answer
   * (`unreachable`), or if the way back would be lost (`storage_blocked`, `insecure_context`).
   */
  beginSignIn(options?: BeginSignInOptions): Promise<void>;
  /**
   * Completes the sign-in that led to this page, when the page loads and before `restore`. Takes the answer out of the
   * address, and signs the person in in all tabs. Resolves to false if the address has no answer.
   *
   * Rejects if nobody was signed in; the session is then as it was. `access_denied`: the person cancelled.
   * `invalid_code`: it took longer than a minute, or somebody used the code. `sign_in_lost`: this tab did not begin it.
   */
  completeSignIn(): Promise<boolean>;
  /** Authenticates the signed-in person again, after an answer `insufficient_user_authentication` (RFC 9470). */
  reauthenticate(password: string): Promise<void>;
  /**
   * Gets a new token now, with one request for all tabs that need one at the time. Resolves to `signed_out` if the
   * session has ended. Rejects if it cannot find out; the session is not lost then.
   */
  refresh(): Promise<SessionState>;
  /**
   * Signs out, in all tabs; with `everywhere`, on all devices of the person. If it rejects, auth-service did not get
   * the request, and the session continues.
   */
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /**
   * The global fetch with the token. It sends only to the issuer and the listed services (`origin_not_allowed`),
   * follows no redirect (`redirected`), and sends cookies only if `init.credentials` says so.
   *
   * Renews an expired token first. After a 401 `invalid_token` it renews the token and tries once more, if the person
   * is still the same and the body is not a stream. Returns all other answers, whatever their status.
   *
   * Has no timeout of its own: pass one as `init.signal`. The reason of an abort is thrown unchanged.
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /**
   * Stops timers, the channel and calls that wait for the lock; the state stays as it is. Does not sign out. A request
   * in progress completes, so that its cookie is not lost.
   */
  close(): void;
};

/**
 * Creates a person's session in a page, shared by all tabs of its origin.
 *
 * The access token is in memory only; the refresh token is in an HttpOnly cookie of auth-service, which no script can
 * read. Both are bound to a key that no script can read either (`binding`). The session renews the token before it expires
 * and tells why it ended.
 *
 * Does not verify tokens: the services do. Does not protect against scripts that run in the page: use a content
 * security policy against them.
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

/** Less would be renewed at once. */
const leastLeftMs = 30_000;

/** The same on another platform, for tests. */
export function startBrowserSession(options: BrowserSessionOptions, platform: Platform): BrowserSession {
  const { issuer, clientId, origins, binding, storage, fetch } = checkOptions(options);
  const name = `latchkey session ${JSON.stringify([issuer, clientId])}`;
  const closing = new AbortController();
  const { signal } = closing;

  const store = createSessionStore();
  const mark = createSessionMark(name, platform);
  // The first subscriber, so that the mark is right before others run. Every tab writes it: the last write may come
  // from a tab that was frozen.
  store.subscribe(() => mark.follow(store.fact()));
  const tabs = openTabChannel({ name, platform, store });
  const lock = createRefreshLock({ name, platform, signal });
  const keyRing = createKeyRing({ name, binding, platform });
  const send = createProvingSend({ send: createSend(fetch), keyRing, platform });
  const vault = storage === 'vault' ? createVault({ name, platform }) : undefined;
  const call = createAuthCall({ issuer, send, keyRing, platform, cookies: vault === undefined });
  const endpoint = vault
    ? createTokenEndpoint({ clientId, call, vault })
    : requireReturningCookie({ endpoint: createAuthEndpoint({ clientId, call }), platform });
  const auth = createKeyedEndpoint({ endpoint, keyRing, binding });
  const renewal = createRenewal({ store, mark, tabs, lock, auth, platform });
  const schedule = scheduleRenewal({ store, mark, platform, renew: renewal.renew });
  const actions = createSessionActions({ store, lock, auth, renewal, platform });
  const codeFlow = createCodeFlow({
    ...{ name, issuer, clientId, call, platform },
    // Without it, an application of others gets no refresh token (OpenID Connect Core §11).
    alwaysAsked: vault && 'offline_access',
  });
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
    // Version 0 is older than any other tab's fact. It is not posted to other tabs, because it is not news.
    if (store.fact() === undefined && !mark.mayExist())
      store.take({ kind: 'signed_out', version: 0, reason: null });
    if (store.fact() === undefined) await takeFromVault();
    if (store.fact() === undefined) await renewal.renew();
    return store.state();
  }

  /** A token that is still good needs no request. */
  async function takeFromVault(): Promise<void> {
    const kept = (await vault?.read().catch(() => undefined))?.kept;
    if (kept === undefined || kept.expiresAtMs - leastLeftMs <= platform.now()) return;
    const { accessToken, expiresAtMs, lifetimeMs, boundTo } = kept;
    // Version 1 is older than what another tab says, and later than a first visit.
    store.take({
      kind: 'signed_in',
      version: 1,
      accessToken,
      expiresAtMs,
      lifetimeMs,
      ...(boundTo && { boundTo }),
    });
  }

  /** Refuses to start anything once the session is closed. */
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
    beginSignIn: (options = {}) => unlessClosed(() => codeFlow.begin(options)),
    completeSignIn: () =>
      unlessClosed(async () => {
        const code = codeFlow.take();
        if (code !== undefined) await actions.signInByCode(code);
        return code !== undefined;
      }),
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
