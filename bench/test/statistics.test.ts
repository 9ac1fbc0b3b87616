import { describe, expect, it } from 'vitest';
import { meets, percentile, ratios, spreadOf } from '../src/statistics.ts';

describe('spreadOf', () => {
  it('takes the middle of an odd number of values, in whatever order they come', () => {
    expect(spreadOf([9, 100, 10])).toEqual({ median: 10, min: 9, max: 100 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(spreadOf([4, 1, 3, 100])).toEqual({ median: 3.5, min: 1, max: 100 });
  });

  it('gives a single value as all three', () => {
    expect(spreadOf([0.5])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])('refuses %j', (values) => {
    expect(() => spreadOf(values)).toThrow(RangeError);
  });
});

describe('percentile', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);

  it.each([
    [0, 1],
    [0.5, 100],
    [0.99, 198],
    [1, 200],
  ])('of %d is %d among the numbers from 1 to 200', (share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });

  it('refuses to say anything of nothing', () => {
    expect(() => percentile([], 0.99)).toThrow(RangeError);
  });
});

describe('meets', () => {
  it('holds a ratio to its median, so that one disturbed round decides nothing', () => {
    expect(meets([0.1, 0.85, 0.9], { medianAtLeast: 0.85 })).toBe(true);
    expect(meets([0.9, 0.8499, 0.1], { medianAtLeast: 0.85 })).toBe(false);
  });

  it('holds every amount to an upper bound', () => {
    expect(meets([900, 100, 400], { medianAtMost: 400 })).toBe(true);
    expect(meets([900, 100, 401], { medianAtMost: 400 })).toBe(false);
    expect(meets([400, 350], { everyAtMost: 400 })).toBe(true);
    expect(meets([350, 350, 401], { everyAtMost: 400 })).toBe(false);
  });
});

describe('ratios', () => {
  it('divides round by round', () => {
    expect(ratios([1, 6], [2, 3])).toEqual([0.5, 2]);
  });

  it('refuses sides of different length', () => {
    expect(() => ratios([1, 2], [1])).toThrow(RangeError);
  });
});
