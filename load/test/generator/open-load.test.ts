import { describe, expect, it, onTestFinished } from 'vitest';
import { evenArrivals, randomArrivals } from '../../src/generator/arrivals.ts';
import { type LoadOptions, runOpenLoad, type Send } from '../../src/generator/open-load.ts';
import { startFixedServer } from './fixed-server.ts';
import { createTurnedClock, type TurnedClock } from './turned-clock.ts';

/** Puts load on a system that answers by the clock alone. */
function run(system: (clock: TurnedClock) => Send, options: LoadOptions) {
  const clock = createTurnedClock();
  return clock.turnUntil(runOpenLoad(system(clock), { ...options, clock }));
}

/** Answers after this many milliseconds, which may depend on the time of the request. */
function takes(answerAfterMs: (sinceStartMs: number) => number) {
  return (clock: TurnedClock): Send =>
    async () => {
      await clock.delay(answerAfterMs(clock.now()));
      return 'ok';
    };
}

describe('a server that takes 50 ms', () => {
  it.each([20, 200, 600])('has a median of 50 ms at %i requests/s', async (perSecond) => {
    const arrivals = evenArrivals({ perSecond, seconds: 3 });
    const result = await run(
      takes(() => 50),
      { arrivals, warmUpMs: 1000 },
    );
    expect(result.offered).toBe(perSecond * 2);
    expect(result.faults.size).toBe(0);
    expect(result.latencies.count).toBe(result.offered);
    const { p50 } = result.latencies.summary();
    expect(p50).toBeGreaterThanOrEqual(49);
    expect(p50).toBeLessThan(52);
  });

  it('never appears faster, over HTTP and by the real clock', async () => {
    const server = await startFixedServer(50);
    onTestFinished(server.close);
    const result = await runOpenLoad(server.send, {
      arrivals: evenArrivals({ perSecond: 200, seconds: 0.5 }),
    });
    expect(result.latencies.count).toBe(100);
    expect(result.faults.size).toBe(0);
    expect(result.latencies.percentile(0)).toBeGreaterThanOrEqual(49);
    expect(result.health.cpu).toBeGreaterThan(0);
    expect(result.health.lag.max).toBeGreaterThan(0);
  });
});

describe('a server that freezes for 2 s', () => {
  it('shows its freeze in full in all requests that were due meanwhile', async () => {
    // From 1 s to 3 s nothing is answered. A request at 1.0 s waits for 2 s, and one at 2.9 s for 0.1 s.
    const system = takes((ms) => (ms > 1000 && ms < 3000 ? 3000 - ms : 1));
    const { offered, latencies } = await run(system, {
      arrivals: evenArrivals({ perSecond: 100, seconds: 6 }),
    });
    expect(offered).toBe(600);
    expect(latencies.summary().p99).toBeGreaterThan(1850);
    expect(latencies.summary().max).toBeGreaterThan(1950);
    // A third of all requests came during the freeze, and half of those waited for more than a second.
    expect(latencies.percentile(80)).toBeGreaterThan(600);
    expect(latencies.percentile(50)).toBeLessThan(100);
  });

  it('shows its freeze even where a generator with one connection would stop sending', async () => {
    const freezes = takes((ms) => (ms > 500 && ms < 2500 ? 2500 - ms : 1));
    // Requests run in a row, as by a client that waits for each answer. An open load still counts from the schedule.
    const inARow = (clock: TurnedClock): Send => {
      const send = freezes(clock);
      let last: Promise<unknown> = Promise.resolve();
      return (index) => {
        const answered = last.then(() => send(index));
        last = answered;
        return answered;
      };
    };
    const { latencies } = await run(inARow, { arrivals: evenArrivals({ perSecond: 50, seconds: 4 }) });
    expect(latencies.summary().p99).toBeGreaterThan(1850);
  });
});

describe('a server that falls behind', () => {
  it('shows the rate that it achieves, although it answers all requests in the end', async () => {
    const oneIn20Ms = (clock: TurnedClock): Send => {
      let freeAt = 0;
      return async () => {
        freeAt = Math.max(freeAt, clock.now()) + 20;
        await clock.delay(freeAt - clock.now());
        return 'ok';
      };
    };
    const { offered, latencies, achievedPerSecond, behind } = await run(oneIn20Ms, {
      arrivals: evenArrivals({ perSecond: 100, seconds: 2 }),
      warmUpMs: 500,
    });
    expect(latencies.count).toBe(offered);
    expect(achievedPerSecond).toBeLessThan(60);
    expect(behind).toBeGreaterThan(offered / 4);
  });
});

describe('faults', () => {
  it('are counted by name, and not among the latencies', async () => {
    const send: Send = async (index) => {
      if (index % 4 === 1) return '503';
      if (index % 4 === 2) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      if (index % 4 === 3) return new Promise(() => {});
      return 'ok';
    };
    const arrivals = evenArrivals({ perSecond: 200, seconds: 1 });
    const result = await run(() => send, { arrivals, drainMs: 100 });
    expect(Object.fromEntries(result.faults)).toEqual({ '503': 50, ECONNRESET: 50, unfinished: 50 });
    expect(result.latencies.count).toBe(50);
  });

  const worksFor = (ms: number) => (clock: TurnedClock) => async () => {
    clock.work(ms);
    return 'ok';
  };

  it('of the generator make the run invalid: it was late, and had too much to do', async () => {
    const arrivals = evenArrivals({ perSecond: 200, seconds: 1 });
    const { health } = await run(worksFor(20), { arrivals });
    expect(health.faults.join()).toMatch(/late.*used 100 % of a core/);
  });

  it('are none when the generator kept up', async () => {
    const arrivals = evenArrivals({ perSecond: 50, seconds: 2 });
    const { health } = await run(worksFor(10), { arrivals });
    expect(health.faults).toEqual([]);
    expect(health.cpu).toBeCloseTo(0.5, 1);
  });
});

describe('the schedule', () => {
  it('at random has the rate on average, and is the same for the same seed', () => {
    const plan = { perSecond: 500, seconds: 20, seed: 7 };
    const all = [...randomArrivals(plan)];
    expect(all.length).toBeGreaterThan(9500);
    expect(all.length).toBeLessThan(10_500);
    expect(all).toEqual([...randomArrivals(plan)]);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
  });

  it('is reported second by second, and ends when it is aborted', async () => {
    const told: number[] = [];
    const abort = new AbortController();
    const { offered } = await run(() => async () => 'ok', {
      arrivals: evenArrivals({ perSecond: 100, seconds: 60 }),
      onSecond({ started }) {
        told.push(started);
        if (told.length === 2) abort.abort();
      },
      signal: abort.signal,
    });
    expect(told.slice(0, 2)).toEqual([100, 100]);
    expect(offered).toBe(201);
  });
});
