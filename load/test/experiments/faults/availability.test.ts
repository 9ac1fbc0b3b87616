import { expect, it } from 'vitest';
import { Availability } from '../../../src/experiments/faults/availability.ts';

it('counts a request in the second in which it was sent', () => {
  const availability = new Availability(500);
  availability.record(500, true);
  availability.record(1499, false);
  availability.record(2600, true);
  expect(availability.seconds()).toEqual([
    { second: 0, sent: 2, served: 1 },
    { second: 2, sent: 1, served: 1 },
  ]);
  expect(availability.share()).toBeCloseTo(2 / 3);
});

it('has recovered once the last request that failed was sent', () => {
  const availability = new Availability(0);
  availability.record(1000, false);
  availability.record(1800, false);
  availability.record(1700, false);
  availability.record(1900, true);
  availability.record(2000, true);
  expect(availability.recoveredWithinMs(1500)).toBe(300);
  expect(availability.recoveredWithinMs(2000)).toBe(0);
});

it('has not recovered while a request of the last second fails', () => {
  const availability = new Availability(0);
  availability.record(1000, true);
  availability.record(1900, false);
  expect(availability.recoveredWithinMs(500)).toBe(Number.POSITIVE_INFINITY);
});

it('counts as available if there were no requests', () => {
  expect(new Availability(0).share()).toBe(1);
  expect(new Availability(0).recoveredWithinMs(0)).toBe(0);
});
