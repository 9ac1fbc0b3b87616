import { byService } from '@latchkey/services';
import { expect, it } from 'vitest';
import { describeSaturation } from '../../src/experiments/saturation-report.ts';
import type { Measured, Searched } from '../../src/experiments/saturation-section.ts';
import { Latencies } from '../../src/generator/latencies.ts';
import { refresh } from '../../src/scenarios/refresh.ts';

const machine = { signingMicroseconds: 600, cores: 2 };

/** 1,000 refreshes in 10 s. Each costs auth-service 800 µs beyond its use without requests. */
function measured(faults: readonly string[] = []): Measured {
  const latencies = new Latencies();
  latencies.record(5);
  const idle = { cpu: 0, memoryBytes: 1, eventLoopP99Ms: 1 };
  const use = (auth: number) => ({
    seconds: 10,
    services: { ...byService(() => idle), auth: { ...idle, cpu: auth } },
    busyCores: 0.2,
    redisCommands: 3000,
    redisCpu: 0.01,
  });
  return {
    perSecond: 100,
    requests: 1000,
    use: use(0.1),
    idle: use(0.02),
    result: {
      offered: 1000,
      sent: 1000,
      behind: 0,
      settled: Promise.resolve(),
      seconds: 10,
      achievedPerSecond: 100,
      latencies,
      faults: new Map(),
      series: [],
      health: { lag: { p50: 0, p99: 0, max: 0 }, cpu: 0.1, faults },
    },
  };
}

const point = (offeredPerSecond: number) => ({
  offeredPerSecond,
  achievedPerSecond: offeredPerSecond,
  p50: 2,
  p99: 5,
  faults: 0,
  invalid: [],
  sustained: true,
});
const searched: Searched = {
  scenario: refresh,
  uses: ['auth'],
  knee: 200,
  points: [point(200), point(100)],
  measured: { atHalf: measured(), atKnee: measured() },
};

it('says how much one core of the service does', () => {
  expect(describeSaturation([searched], machine).sizing).toEqual([
    'refresh: 1 core of auth-service per 1,300/s',
  ]);
});

it('has the knee, the latency at half of it, the CPU and its share as figures', () => {
  const { figures } = describeSaturation([searched], machine);
  expect(figures.map(({ name, values }) => [name, values[0]])).toEqual([
    ['refresh knee', 200],
    ['refresh p99 at half of the knee', expect.closeTo(5, 1)],
    ['refresh faults at half of the knee', 0],
    ['refresh/s of one core of auth-service', expect.closeTo(1250)],
    ['CPU of a bare RS256 signature', 600],
    ['refresh: the bare signature’s share of the CPU', expect.closeTo(0.75)],
  ]);
});

it('plots in the order of rates, whichever was tried first', () => {
  const [achieved] = describeSaturation([searched], machine).plots;
  expect(achieved?.series[0]?.points.map(([rate]) => rate)).toEqual([100, 200]);
});

it('is invalid where the generator did not keep up at half of the knee', () => {
  const late = { ...searched, measured: { atHalf: measured(['late']), atKnee: measured() } };
  expect(describeSaturation([late], machine).invalid).toEqual(['refresh, at half of the knee: late']);
});

it('makes no rule for a system that sustained nothing', () => {
  const { sizing, figures, tables } = describeSaturation(
    [{ scenario: refresh, uses: ['auth'], knee: 0, points: [] }],
    machine,
  );
  expect(sizing).toEqual([]);
  // NaN meets no threshold.
  const p99 = { name: 'refresh p99 at half of the knee', unit: 'ms', values: [Number.NaN] };
  expect(figures).toEqual([{ name: 'refresh knee', unit: '1/s', values: [0] }, p99]);
  expect(tables[0]?.rows[0]?.at(-1)).toBe('no rate that was tried was sustained');
});
