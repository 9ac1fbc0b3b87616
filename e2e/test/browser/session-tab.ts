import { patienceMs } from '@latchkey/testing';
import type { BrowserContext, Frame, Page } from 'playwright-core';

/** The parts of BrowserSession.state that tests read. */
export type State = {
  status: string;
  reason?: string | null;
  accessToken?: string;
  sessionId?: string;
  authTimeMs?: number;
  isBound?: boolean;
};

/** The session in the page, as session-page.ts makes it. These tests have no DOM types. */
type WithSession = {
  session: {
    state(): State;
    restore(): Promise<State>;
    refresh(): Promise<State>;
    signIn(credentials: Credentials): Promise<void>;
    reauthenticate(password: string): Promise<void>;
    signOut(): Promise<void>;
    fetch(url: string): Promise<Response>;
  };
};

/** The Web Locks of the browser. */
type WithLocks = { navigator: { locks: { query(): Promise<{ pending: object[] }> } } };

export type Credentials = { username: string; password: string };

export type SessionTab = Awaited<ReturnType<typeof useSession>>;

/** Opens another tab at this address, waits until its session is restored, and returns what the page can do with it. */
export async function openSessionTab(context: BrowserContext, address: string): Promise<SessionTab> {
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(address);
  return useSession(page, { place: page, faults });
}

/** Opens another tab at this address, whose page has the session's page in a frame. */
export async function openSessionFrame(context: BrowserContext, address: string): Promise<SessionTab> {
  const page = await context.newPage();
  const faults = faultsOf(page);
  await page.goto(address);
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  if (frame === null) throw new Error('The frame is gone.');
  return useSession(page, { place: frame, faults });
}

/** What goes wrong in a page from now on: its errors, and requests without an answer. */
function faultsOf(page: Page): readonly string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('requestfailed', (request) => faults.push(`${request.url()}: ${request.failure()?.errorText}`));
  return faults;
}

/** `place` is the page itself, or its frame. `faults` are told if no session comes. */
async function useSession(page: Page, { place, faults }: { place: Page | Frame; faults: readonly string[] }) {
  await place
    .waitForFunction(() => 'session' in globalThis)
    .catch(async (cause: unknown) => {
      const content = await place.content().catch(String);
      const seen = JSON.stringify({ url: place.url(), faults, content: content.slice(0, 500) });
      throw new Error(`There is no session in the page: ${seen}`, { cause });
    });

  const state = (): Promise<State> =>
    place.evaluate(() => (globalThis as unknown as WithSession).session.state());

  const tab = {
    page,
    state,
    status: async () => (await state()).status,
    token: async () => (await state()).accessToken,
    restore: (): Promise<State> =>
      place.evaluate(() => (globalThis as unknown as WithSession).session.restore()),
    refresh: (): Promise<State> =>
      place.evaluate(() => (globalThis as unknown as WithSession).session.refresh()),
    signIn: (credentials: Credentials) =>
      place.evaluate((given) => (globalThis as unknown as WithSession).session.signIn(given), credentials),
    reauthenticate: (password: string) =>
      place.evaluate(
        (given) => (globalThis as unknown as WithSession).session.reauthenticate(given),
        password,
      ),
    signOut: () => place.evaluate(() => (globalThis as unknown as WithSession).session.signOut()),
    /** The status of the answer, or the code of the error. */
    ask: (url: string): Promise<number | string> =>
      place.evaluate(async (given) => {
        try {
          return (await (globalThis as unknown as WithSession).session.fetch(given)).status;
        } catch (error) {
          return (error as { code: string }).code;
        }
      }, url),
    /** The JSON body of the answer. */
    read: (url: string): Promise<unknown> =>
      place.evaluate(
        async (given) => (await (globalThis as unknown as WithSession).session.fetch(given)).json(),
        url,
      ),
    /** How many refreshes, across all tabs, wait for another to end. */
    queued: (): Promise<number> =>
      place.evaluate(
        async () => (await (globalThis as unknown as WithLocks).navigator.locks.query()).pending.length,
      ),
    /** Starts a refresh without waiting for it. */
    beginRefresh: () =>
      place.evaluate(() => {
        void (globalThis as unknown as WithSession).session.refresh();
      }),
  };
  await tab.restore();
  return tab;
}

/** Freezes the tab with a dialog. The returned function closes it; the tab then sees that ten seconds have passed. */
export async function standStill({ page }: SessionTab): Promise<() => Promise<void>> {
  const opened = page.waitForEvent('dialog');
  await page.evaluate(() => {
    const window = globalThis as unknown as WithDialog;
    window.setTimeout(() => {
      window.alert('Still there?');
      const { now } = Date;
      Date.now = () => now() + 10_000;
    });
  });
  const dialog = await opened;
  return () => dialog.accept();
}

type WithDialog = { alert(text: string): void; setTimeout(run: () => void): void };

/** Makes the tab wait for another tab's refresh, and for the answer to its own, as long as a test waits. */
export async function bePatient({ page }: SessionTab): Promise<void> {
  await page.evaluate((patienceMs) => {
    const wait = globalThis.setTimeout;
    const patient = (run: () => void, ms = 0) => wait(run, ms === 5_000 || ms === 6_000 ? patienceMs : ms);
    Object.assign(globalThis, { setTimeout: patient });
  }, patienceMs);
}

/** Makes the tab wait only a twentieth as long for other tabs. Request timeouts stay as they are. */
export async function hurry({ page }: SessionTab): Promise<void> {
  await page.evaluate(() => {
    const wait = globalThis.setTimeout;
    const hurried = (run: () => void, ms = 0) => wait(run, ms === 1_000 || ms === 6_000 ? ms / 20 : ms);
    Object.assign(globalThis, { setTimeout: hurried });
  });
}
