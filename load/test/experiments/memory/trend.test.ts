import { describe, expect, it } from 'vitest';
import {
  riseOfLowPoints,
  type Sample,
  settled,
  slopePerSecond,
} from '../../../src/experiments/memory/trend.ts';

const series = (value: (second: number) => number): Sample[] =>
  Array.from({ length: 120 }, (_, index): Sample => [index * 5, value(index * 5)]);

describe('the rise of low points', () => {
  const tooth = (second: number) => ((second + 90) % 200) / 4;

  it('is small for a saw-tooth with few, long teeth', () => {
    expect(riseOfLowPoints(series((second) => 50 + tooth(second)))).toBeLessThan(3);
  });

  it('is the memory that is kept from one half to the next', () => {
    const rise = riseOfLowPoints(series((second) => 50 + tooth(second) + (second > 300 ? 20 : 0)));
    expect(rise).toBeGreaterThan(17);
    expect(rise).toBeLessThan(23);
  });

  it('is 0 for falling values, and without values', () => {
    expect(riseOfLowPoints(series((second) => 100 - second / 10))).toBe(0);
    expect(riseOfLowPoints([])).toBe(0);
  });
});

describe('the slope of a series', () => {
  it('is the growth in a second', () => {
    expect(slopePerSecond(series((second) => 100 + 0.25 * second))).toBeCloseTo(0.25);
    expect(slopePerSecond(series((second) => 100 - 0.25 * second))).toBeCloseTo(-0.25);
  });

  it('is almost 0 for the saw-tooth of a garbage collector', () => {
    expect(Math.abs(slopePerSecond(series((second) => 40 + ((second * 7) % 60))))).toBeLessThan(0.005);
  });

  it('is seen through the saw-tooth', () => {
    const leaking = series((second) => 40 + ((second * 7) % 60) + 0.1 * second);
    expect(slopePerSecond(leaking)).toBeGreaterThan(0.08);
    expect(slopePerSecond(leaking)).toBeLessThan(0.12);
  });

  it('does not follow a single peak', () => {
    expect(slopePerSecond(series((second) => (second === 595 ? 10_000 : 50)))).toBe(0);
  });

  it('is 0 without two values at different times', () => {
    expect(slopePerSecond([])).toBe(0);
    expect(slopePerSecond([[0, 5]])).toBe(0);
    expect(
      slopePerSecond([
        [1, 5],
        [1, 9],
      ]),
    ).toBe(0);
  });
});

it('leaves out the time in which caches fill', () => {
  const samples: Sample[] = [
    [10, 1],
    [20, 2],
    [30, 3],
    [50, 4],
  ];
  expect(settled(samples, 0.5)).toEqual([
    [30, 3],
    [50, 4],
  ]);
  expect(settled([], 0.5)).toEqual([]);
});
