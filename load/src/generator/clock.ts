import { setTimeout as realDelay } from 'node:timers/promises';

/** A run's source of time, CPU time and delays. Tests use a clock that they turn themselves. */
export type Clock = {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Milliseconds of processor time that this process has used. */
  cpuMs(): number;
  /** With `ref: false`, the delay does not keep the process alive. */
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
