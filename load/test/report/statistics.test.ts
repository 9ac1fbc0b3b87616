import { expect, it } from 'vitest';
import { ratios, spreadOf } from '../../src/report/statistics.ts';

it.each([
  [[9, 100, 10], { median: 10, min: 9, max: 100 }],
  [[4, 1, 3, 100], { median: 3.5, min: 1, max: 100 }],
  [[0.5], { median: 0.5, min: 0.5, max: 0.5 }],
])(
  'takes the middle of %j, or the mean of the two in the middle, and leaves them as they were',
  (values, spread) => {
    const before = [...values];
    expect(spreadOf(values)).toEqual(spread);
    expect(values).toEqual(before);
  },
);

it('is NaN without values, and with a missing value', () => {
  expect(spreadOf([]).median).toBeNaN();
  expect(spreadOf([1, Number.NaN]).max).toBeNaN();
});

it('divides round by round', () => {
  expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  expect(ratios([2, 9], [1])).toEqual([2, Number.NaN]);
});
