import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSampler } from '../../src/telemetry/sampling.ts';

const ids = Array.from({ length: 2000 }, () => randomBytes(16).toString('hex'));

it('takes all traces, none, or a share of them', () => {
  const taken = (...sampler: Parameters<typeof createSampler>) =>
    ids.filter((id) => createSampler(...sampler)(id)).length;
  expect(taken('always_on', 0)).toBe(ids.length);
  expect(taken('always_off', 1)).toBe(0);
  expect(taken('traceidratio', 1)).toBe(ids.length);
  expect(taken('traceidratio', 0)).toBe(0);
  // 14 standard deviations from what chance gives.
  expect(Math.abs(taken('traceidratio', 0.25) - ids.length / 4)).toBeLessThan(275);
});

it('takes with a smaller share no trace that a larger one leaves out', () => {
  const [small, large] = [createSampler('traceidratio', 0.1), createSampler('traceidratio', 0.5)];
  expect(ids.filter((id) => small(id) && !large(id))).toEqual([]);
});

it('follows the caller only when it is based on the parent', () => {
  const [id = ''] = ids;
  expect(createSampler('parentbased_always_off', 1)(id, '01')).toBe(true);
  expect(createSampler('parentbased_always_on', 1)(id, '00')).toBe(false);
  expect(createSampler('always_off', 1)(id, '01')).toBe(false);
  expect(createSampler('always_on', 1)(id, '00')).toBe(true);
});
