import { expect, test } from 'vitest';
import { SessionError } from '../src/errors.ts';
import { errorOf, failureOf, isBlocked, parseFailure, type RenewalFailure } from '../src/renewal-failure.ts';

const unreachable = new SessionError('unreachable', 'No answer.');
const busy = new SessionError('redis_unavailable', 'Busy.', { status: 503, retryAfterSeconds: 7 });

function failures(error: SessionError, count: number, random: number): RenewalFailure[] {
  const list: RenewalFailure[] = [];
  for (let index = 0; index < count; index++)
    list.push(failureOf(error, { previous: list.at(-1), nowMs: 1_000_000, random }));
  return list;
}

test('the pauses grow to 30 s, and half of each is random', () => {
  const pauses = (random: number) =>
    failures(unreachable, 8, random).map(({ retryAtMs }) => retryAtMs - 1_000_000);
  expect(pauses(1)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(pauses(0)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

test('a caller has to wait half a second, or for as long as auth-service says', () => {
  const [first] = failures(unreachable, 1, 0.5);
  const [told] = failures(busy, 1, 0.5);
  expect(first?.blockedUntilMs).toBe(1_000_500);
  expect(told).toMatchObject({ blockedUntilMs: 1_007_000, retryAtMs: 1_007_750 });
});

test('a caller that has to wait learns why, and for how long', () => {
  const failure = failureOf(busy, { previous: undefined, nowMs: 1_000_000, random: 0 });
  expect(isBlocked(failure, 1_006_999)).toBe(true);
  expect(isBlocked(failure, 1_007_000)).toBe(false);
  expect(errorOf(failure, 1_002_500)).toMatchObject({
    code: 'redis_unavailable',
    status: 503,
    retryAfterSeconds: 5,
    message: 'Busy.',
  });
});

test('a clock that was set back makes no caller wait', () => {
  const failure = failureOf(busy, { previous: undefined, nowMs: 1_000_000, random: 0 });
  expect(isBlocked(failure, 900_000)).toBe(false);
});

test('another tab’s failure is read, and invalid data is ignored', () => {
  const failure = failureOf(busy, { previous: undefined, nowMs: 1_000_000, random: 0 });
  expect(parseFailure(structuredClone(failure))).toEqual(failure);
  for (const member of Object.keys(failure)) {
    expect(parseFailure({ ...failure, [member]: {} })).toBeUndefined();
  }
  expect(parseFailure(null)).toBeUndefined();
  expect(parseFailure('failure')).toBeUndefined();
});
