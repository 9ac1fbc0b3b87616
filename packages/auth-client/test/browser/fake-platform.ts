import type { Platform, Wake } from '../../src/browser/platform.ts';
import type { FakeClock } from './fake-clock.ts';

/** Waits up to this long pass by themselves: those for the answers of other tabs. */
const PASSES_BY_ITSELF_MS = 100;

export interface FakePlatform extends Platform {
  wake(reason: Wake): void;
  /** How many timers wait. */
  readonly timers: number;
}

export interface FakePlatformOptions {
  random?: number;
  /** What browsers lack outside secure contexts, or altogether. */
  without?: readonly ('locks' | 'channels' | 'storage')[];
  /** That of the origin, which all tabs share. */
  storage?: Platform['storage'];
}

/** Node.js's own Web Locks and channels, which join all sessions of this process as a browser's join its tabs. */
export function createFakePlatform(clock: FakeClock, options: FakePlatformOptions = {}): FakePlatform {
  const { random = 0.5, without = [] } = options;
  const sleepers = new Set<(wake: Wake) => void>();
  let timers = 0;

  return {
    now: clock.now,
    random: () => random,
    storage: without.includes('storage') ? undefined : options.storage,
    setTimer(run, delayMs) {
      if (delayMs <= PASSES_BY_ITSELF_MS) {
        const timer = setTimeout(run, delayMs);
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
        run();
      }, delayMs);
      return () => {
        end();
        cancel();
      };
    },
    locks: without.includes('locks') ? undefined : navigator.locks,
    openChannel: (name) => (without.includes('channels') ? undefined : new BroadcastChannel(name)),
    onWake(callback) {
      sleepers.add(callback);
      return () => void sleepers.delete(callback);
    },
    wake(reason) {
      for (const callback of sleepers) callback(reason);
    },
    get timers() {
      return timers;
    },
  };
}
