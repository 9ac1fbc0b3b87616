import type { Platform, Wake } from '../src/platform.ts';
import { answerWaitMs, newsWaitMs } from '../src/tab-channel.ts';
import type { FakeClock } from './fake-clock.ts';

/** Timers of these lengths wait for other tabs and run by themselves. */
const waitsForTabs: readonly number[] = [answerWaitMs, newsWaitMs];

export const pageAddress = 'http://localhost:3000/?view=cart#top';

export interface FakePlatform extends Platform {
  wake(reason: Wake): void;
  /** Freezes the tab: it runs no timer, hears no message and reads no answer. */
  freeze(): void;
  /** Resumes the tab: answers come first, then everything else that is due. A Chromium breakpoint `loses` messages. */
  thaw(how?: { loses: 'message' }): Promise<void>;
  /** Runs the function as soon as the tab is not frozen. */
  whenAwake(run: () => void, what?: 'answer' | 'message'): void;
  /** The number of answers that arrived while the tab is frozen. */
  readonly answers: number;
  /** The address that the tab shows, or has left for. */
  href: string;
  /** The number of pending timers. */
  readonly timers: number;
}

export type FakePlatformOptions = {
  random?: number;
  /** Features that browsers lack, outside secure contexts or altogether. */
  without?: readonly ('locks' | 'channels' | 'storage' | 'tabStorage' | 'records')[];
  /** How long messages of other tabs take to this one, in real time. By default they take no time. */
  messagesTakeMs?: number;
  /** Whether the tab is in a frame, or elsewhere where cookies may be dropped. */
  mayDropCookies?: boolean;
  /** For a browser that refuses locks. */
  locks?: Platform['locks'];
  /** The origin's storage, which all tabs share. */
  storage?: Platform['storage'];
  /** The origin's keys, which all tabs share. */
  records?: Platform['records'];
};

/** Its locks and channels connect all sessions of this process, as a browser's connect tabs. */
export function createFakePlatform(clock: FakeClock, options: FakePlatformOptions = {}): FakePlatform {
  const { random = 0.5, without = [], messagesTakeMs = 0 } = options;
  const sleepers = new Set<(wake: Wake) => void>();
  const ofTab = new Map<string, string>();
  let timers = 0;
  let isFrozen = false;
  let due: { readonly run: () => void; readonly what: 'answer' | 'message' | undefined }[] = [];

  function whenAwake(run: () => void, what?: 'answer' | 'message'): void {
    if (isFrozen) due.push({ run, what });
    else run();
  }

  function hear(run: () => void): void {
    if (messagesTakeMs === 0) whenAwake(run, 'message');
    else setTimeout(() => whenAwake(run, 'message'), messagesTakeMs);
  }

  const platform: FakePlatform = {
    now: clock.now,
    href: pageAddress,
    address: {
      get: () => platform.href,
      replace(url) {
        platform.href = url;
      },
      leaveFor(url) {
        platform.href = url;
      },
    },
    mayDropCookies: () => options.mayDropCookies ?? false,
    tabStorage() {
      if (without.includes('tabStorage')) throw new DOMException('forbidden', 'SecurityError');
      return {
        getItem: (name) => ofTab.get(name) ?? null,
        setItem: (name, value) => void ofTab.set(name, value),
        removeItem: (name) => void ofTab.delete(name),
      };
    },
    random: () => random,
    storage: without.includes('storage') ? undefined : options.storage,
    records: without.includes('records') ? undefined : options.records,
    setTimer(run, delayMs) {
      if (waitsForTabs.includes(delayMs)) {
        const timer = setTimeout(() => whenAwake(run), messagesTakeMs === 0 ? answerWaitMs : delayMs);
        return () => clearTimeout(timer);
      }
      let waits = true;
      const end = (): void => {
        if (waits) timers -= 1;
        waits = false;
      };
      timers += 1;
      const cancel = clock.setTimer(() => {
        end();
        whenAwake(run);
      }, delayMs);
      return () => {
        end();
        cancel();
      };
    },
    locks: without.includes('locks') ? undefined : (options.locks ?? navigator.locks),
    openChannel: (name) => (without.includes('channels') ? undefined : openChannel(name, hear)),
    onWake(callback) {
      sleepers.add(callback);
      return () => void sleepers.delete(callback);
    },
    wake(reason) {
      for (const callback of sleepers) callback(reason);
    },
    freeze() {
      isFrozen = true;
    },
    async thaw({ loses }: { loses?: 'message' } = {}) {
      const [answers, others] = [
        due.filter(({ what }) => what === 'answer'),
        due.filter(({ what }) => what !== 'answer' && what !== loses),
      ];
      due = [];
      isFrozen = false;
      for (const { run } of answers) run();
      await new Promise((resolve) => setImmediate(resolve));
      for (const { run } of others) run();
    },
    whenAwake,
    get answers() {
      return due.filter(({ what }) => what === 'answer').length;
    },
    get timers() {
      return timers;
    },
  };
  return platform;
}

type Hear = (event: MessageEvent) => void;

/** The open channels of this process by their names. */
const channels = new Map<string, Set<(data: unknown) => void>>();

/**
 * A BroadcastChannel that delivers in a microtask. Node.js's own may take longer than tabs wait for each other when the
 * machine is busy. Browser tests use a real one.
 */
export function openChannel(
  name: string,
  whenHeard: (run: () => void) => void = (run) => run(),
): BroadcastChannel {
  const others = channels.get(name) ?? new Set();
  channels.set(name, others);
  const hearers = new Set<Hear>();
  const receive = (data: unknown): void => {
    for (const hear of hearers) whenHeard(() => hear({ data } as MessageEvent));
  };
  others.add(receive);
  const channel: Pick<BroadcastChannel, 'postMessage' | 'close'> & {
    addEventListener: (type: 'message', hear: Hear) => void;
  } = {
    addEventListener: (_type, hear) => void hearers.add(hear),
    postMessage(message) {
      const data = structuredClone(message);
      for (const other of others)
        if (other !== receive) queueMicrotask(() => others.has(other) && other(data));
    },
    close: () => void others.delete(receive),
  };
  return channel as BroadcastChannel;
}
