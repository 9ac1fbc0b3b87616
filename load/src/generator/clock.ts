import { setTimeout as realDelay } from 'node:timers/promises';

/** What a run reads time and work from, and waits by. Tests have one that they turn. */
export type Clock = {
  /** Milliseconds since some moment. */
  now(): number;
  /** Milliseconds of processor time that this process has used. */
  cpuMs(): number;
  /** `ref: false`: the process need not stay for it. */
  delay(ms: number, options?: { readonly ref?: boolean }): Promise<void>;
};

export const realClock: Clock = {
  now: () => performance.now(),
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  delay: (ms, options) => realDelay(ms, undefined, options),
};
