import { type Clock, realClock } from './clock.ts';
import { Latencies } from './latencies.ts';

/** Whether the generator itself kept up: if it did not, its figures are about itself and not about the system. */
export type GeneratorHealth = {
  /** How late requests were sent, in milliseconds. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The share of one core that this process used. */
  readonly cpu: number;
  /** Why the run says nothing about the system; none when it does. */
  readonly faults: readonly string[];
};

/** A request sent later than this was sent by a generator that had too much to do. */
const standardLagMs = 25;
/** Of one core. Above it, requests wait in this process and not at the system. */
const maxCpu = 0.95;

/** Watches the generator while it runs; `maxLagMs`: how late is too late. */
export function startHealth(maxLagMs = standardLagMs, clock: Clock = realClock) {
  const lags = new Latencies();
  const cpuBefore = clock.cpuMs();
  const beganAt = clock.now();

  return {
    /** A request was sent that many milliseconds after it was due. */
    sent: (lagMs: number): void => lags.record(lagMs),

    stop(): GeneratorHealth {
      const cpu = (clock.cpuMs() - cpuBefore) / (clock.now() - beganAt);
      const { p50, p99, max } = lags.summary();
      const faults = [
        ...(p99 > maxLagMs ? [`1 % of the requests were sent ${p99.toFixed(0)} ms late or later`] : []),
        ...(cpu > maxCpu ? [`the generator used ${(cpu * 100).toFixed(0)} % of a core`] : []),
      ];
      return { lag: { p50, p99, max }, cpu, faults };
    },
  };
}
