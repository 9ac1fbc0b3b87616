import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { evenArrivals, randomArrivals } from '../../src/generator/arrivals.ts';
import { runOpenLoad } from '../../src/generator/open-load.ts';
import { startFixedServer } from './fixed-servers.ts';

const started: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(started.splice(0).map((server) => server.close())));

async function serverThatTakes(answerAfterMs: (sinceStartMs: number) => number) {
  const server = await startFixedServer(answerAfterMs);
  started.push(server);
  return server;
}

/** What a machine without other work does each time, and a busy one not always: a fault of ours would fail them all. */
const onceOfFour = { retry: 3 };

describe('a server that takes 50 ms', () => {
  it.each([20, 200, 600])('reads 50 ms at the median, at %i requests/s', onceOfFour, async (perSecond) => {
    const { send } = await serverThatTakes(() => 50);
    const result = await runOpenLoad(send, {
      arrivals: evenArrivals({ perSecond, seconds: 3 }),
      warmUpMs: 1000,
    });
    expect(result.offered).toBe(perSecond * 2);
    expect(result.faults.size).toBe(0);
    expect(result.latencies.count).toBe(result.offered);
    const { p50 } = result.latencies.summary();
    expect(p50).toBeGreaterThanOrEqual(49);
    expect(p50).toBeLessThan(60);
  });
});

describe('a server that freezes for 2 s', () => {
  it('is seen to freeze in full by everybody who would have come meanwhile', async () => {
    // From the 1st second to the 3rd nobody is answered: who comes at 1.0 s waits for 2 s, who comes at 2.9 s for 0.1 s.
    const { send } = await serverThatTakes((ms) => (ms > 1000 && ms < 3000 ? 3000 - ms : 1));
    const result = await runOpenLoad(send, { arrivals: evenArrivals({ perSecond: 100, seconds: 6 }) });
    expect(result.offered).toBe(600);
    const { latencies } = result;
    expect(latencies.summary().p99).toBeGreaterThan(1850);
    expect(latencies.summary().max).toBeGreaterThan(1950);
    // A third of all came during the freeze, and half of those waited for more than a second.
    expect(latencies.percentile(80)).toBeGreaterThan(600);
    expect(latencies.percentile(50)).toBeLessThan(100);
  });

  it('is seen to freeze also when a generator with one connection would have stopped sending', async () => {
    const { send } = await serverThatTakes((ms) => (ms > 500 && ms < 2500 ? 2500 - ms : 1));
    // Everything in a row, as by a client that waits for each answer: an open load still counts from the schedule.
    let last: Promise<unknown> = Promise.resolve();
    const inARow = (): Promise<string> => {
      const answered = last.then(() => send());
      last = answered;
      return answered;
    };
    const { latencies } = await runOpenLoad(inARow, {
      arrivals: evenArrivals({ perSecond: 50, seconds: 4 }),
    });
    expect(latencies.summary().p99).toBeGreaterThan(1850);
  });
});

describe('a server that falls behind', () => {
  it('is seen to achieve what it can, though everybody is answered in the end', async () => {
    let freeAt = 0;
    const oneIn20Ms = async (): Promise<string> => {
      freeAt = Math.max(freeAt, performance.now()) + 20;
      await delay(freeAt - performance.now());
      return 'ok';
    };
    const { offered, latencies, achievedPerSecond, behind } = await runOpenLoad(oneIn20Ms, {
      arrivals: evenArrivals({ perSecond: 100, seconds: 2 }),
      warmUpMs: 500,
    });
    expect(latencies.count).toBe(offered);
    expect(achievedPerSecond).toBeLessThan(60);
    expect(behind).toBeGreaterThan(offered / 4);
  });
});

describe('what goes wrong', () => {
  it('is counted by its name, and not among the latencies', async () => {
    const send = async (index: number): Promise<string> => {
      if (index % 4 === 1) return '503';
      if (index % 4 === 2) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      if (index % 4 === 3) return new Promise(() => {});
      return 'ok';
    };
    const result = await runOpenLoad(send, {
      arrivals: evenArrivals({ perSecond: 200, seconds: 1 }),
      drainMs: 100,
    });
    expect(Object.fromEntries(result.faults)).toEqual({ '503': 50, ECONNRESET: 50, unfinished: 50 });
    expect(result.latencies.count).toBe(50);
  });

  it('in the generator makes the run invalid: it was late', async () => {
    const busy = async (): Promise<string> => {
      for (const end = performance.now() + 20; performance.now() < end; );
      return 'ok';
    };
    const { health } = await runOpenLoad(busy, { arrivals: evenArrivals({ perSecond: 200, seconds: 1 }) });
    expect(health.faults.join()).toMatch(/late/);
  });

  it('does not when it kept up', onceOfFour, async () => {
    const { send } = await serverThatTakes(() => 1);
    const { health } = await runOpenLoad(send, { arrivals: evenArrivals({ perSecond: 50, seconds: 2 }) });
    expect(health.faults.filter((fault) => fault.includes('core'))).toEqual([]);
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

  it('is told second by second while it runs, and ends when it is aborted', async () => {
    const told: number[] = [];
    const abort = new AbortController();
    const running = runOpenLoad(async () => 'ok', {
      arrivals: evenArrivals({ perSecond: 100, seconds: 60 }),
      onSecond: ({ started }) => told.push(started),
      signal: abort.signal,
    });
    await delay(2300);
    abort.abort();
    const { offered } = await running;
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(offered).toBeLessThan(1000);
  });
});
