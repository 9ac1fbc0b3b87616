import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findSaturation } from '../src/experiments/saturation.ts';

/** Answers one request after the other, each in 10 ms: 100 a second, and not one more. */
function serverOfOneHundred() {
  let freeAt = 0;
  return async (): Promise<string> => {
    freeAt = Math.max(freeAt, performance.now()) + 10;
    await delay(freeAt - performance.now());
    return 'ok';
  };
}

it('finds the rate at which a server falls behind', async () => {
  const { knee, points } = await findSaturation(serverOfOneHundred(), {
    from: 30,
    secondsEach: 2.5,
    refinements: 2,
  });
  expect(knee).toBeGreaterThanOrEqual(60);
  expect(knee).toBeLessThanOrEqual(115);
  expect(points.some(({ sustained }) => !sustained)).toBe(true);
}, 60_000);

it('says of a server that refuses everything that it sustains nothing', async () => {
  const { knee } = await findSaturation(async () => '503', { from: 50, secondsEach: 0.5, refinements: 1 });
  expect(knee).toBe(0);
}, 30_000);
