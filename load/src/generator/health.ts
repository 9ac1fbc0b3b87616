import { type Clock, realClock } from './clock.ts';
import { Latencies } from './latencies.ts';

/** Whether the generator kept up. If it did not, its figures describe the generator and not the system. */
export type GeneratorHealth = {
  /** How late requests were sent, in milliseconds. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The share of one core that this process used. */
  readonly cpu: number;
  /** The reasons why the run says nothing about the system; empty when there are none. */
  readonly faults: readonly string[];
};

/** A request that is sent later than this shows that the generator had too much to do. */
const standardLagMs = 25;
/** A share of one core. Above it, requests wait in this process and not in the system. */
const maxCpu = 0.95;

/** Watches the generator while it runs. The run is invalid if 1 % of the requests are more than `maxLagMs` late. */
export function startHealth(maxLagMs = standardLagMs, clock: Clock = realClock) {
  const lags = new Latencies();
  const cpuBefore = clock.cpuMs();
  const beganAt = clock.now();

  return {
    /** Records how many milliseconds after its due time a request was sent. */
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
