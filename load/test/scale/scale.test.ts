import { describe, expect, it } from 'vitest';
import { assumptions, readMeasured } from '../../src/scale/assumptions.ts';
import { costOf, limitsOf } from '../../src/scale/cost.ts';
import { simulateFanOut } from '../../src/scale/fan-out.ts';
import { regions, wayBetween, wayMs } from '../../src/scale/latency-model.ts';
import { margins } from '../../src/scale/one-region.ts';
import { flat, throughRelays } from '../../src/scale/shapes.ts';
import { ratiosOfCheck } from '../../src/scale/tables.ts';

const measured = readMeasured();
const [home, , , frankfurt] = regions;
const noDelay = { p50: 0.01, p99: 0.011 };
const plan = {
  seed: 7,
  revocationsPerSecond: 50,
  seconds: 4,
  gatherMs: 0,
  signMs: 0.3,
  writeMs: 0.01,
  handOverMs: noDelay,
};

describe('the model', () => {
  it.each([1, 2, 3])('comes as near to the measurement of one region as it promises, seed %i', (seed) => {
    const { p50, p99 } = ratiosOfCheck(seed);
    expect(Math.max(p50, 1 / p50)).toBeLessThanOrEqual(margins.p50);
    expect(Math.max(p99, 1 / p99)).toBeLessThanOrEqual(margins.p99);
  });

  it('never delivers before light could have been there, and delivers again what was lost', () => {
    const kilometres = 6_500;
    expect(wayMs(home, frankfurt)).toBeGreaterThan(kilometres * 0.0049);
    expect(wayMs(home, frankfurt)).toBe(wayMs(frankfurt, home));
    expect(wayBetween(home, frankfurt, () => 0)()).toBeGreaterThan(200 + wayMs(home, frankfurt));
    expect(wayBetween(home, frankfurt, () => 0.5)()).toBeLessThan(2 * wayMs(home, frankfurt));
  });
});

describe('the simulated feed', () => {
  it('tells every service of every revocation, and says the same for the same seed', () => {
    const run = (seed: number) => simulateFanOut({ ...plan, seed, issuers: flat(120, regions) });
    const [first, again, other] = [run(7), run(7), run(8)];
    expect(first.last.count).toBeGreaterThan(100);
    expect(first.all.count).toBe(first.last.count * 120);
    expect(again.all.percentile(99)).toBe(first.all.percentile(99));
    expect(other.all.count).not.toBe(first.all.count);
  });

  it('reaches the last service later than most, and other regions after the time of the way', () => {
    const { all, last, byRegion } = simulateFanOut({ ...plan, issuers: throughRelays(600, regions) });
    expect(last.percentile(50)).toBeGreaterThan(all.percentile(50));
    for (const region of regions)
      expect(byRegion.get(region.name)?.percentile(1)).toBeGreaterThan(wayMs(home, region) * 0.98);
  });

  it('combines what comes while a sender is busy, so that it works to its limit and loses nothing', () => {
    const busy = { ...plan, revocationsPerSecond: 2_000, seconds: 1, writeMs: 0.05 };
    const { last, all, busiest } = simulateFanOut({ ...busy, issuers: flat(500, [home]) });
    expect(all.count).toBe(last.count * 500);
    expect(busiest).toBeGreaterThan(0.9);
    // Each event takes 25 ms to write. One is being written when a revocation comes, and it is in the next.
    expect(last.percentile(99)).toBeLessThan(60);
  });
});

describe('the cost of people', () => {
  it('is proportional to them', () => {
    const of = { measured, assumptions };
    const [one, ten] = [costOf(1e6, of), costOf(1e7, of)];
    expect(ten.sessionBytes).toBeCloseTo(10 * one.sessionBytes);
    expect(ten.revocationsPerSecond).toBeCloseTo(10 * one.revocationsPerSecond);
    expect(one.sessionBytes).toBe(2e6 * measured.sessionBytes);
  });

  it('uses up one unit of a part at its limit', () => {
    const of = { measured, assumptions };
    const [core, thread, memory] = limitsOf(of).map(({ people }) => costOf(people, of));
    expect(core?.authCores).toBeCloseTo(1);
    expect(thread?.redisCores).toBeCloseTo(1);
    expect(memory?.sessionBytes).toBeCloseTo(assumptions.redisBytes);
  });
});
