import { expect, test } from 'vitest';
import {
  afterRevocations,
  type KeyTimes,
  planRevocation,
  planRotation,
  type RotationPolicy,
  stateOf,
} from '../../src/keys/life-cycle.ts';

const policy: RotationPolicy = {
  jwksMaxAgeSeconds: 60,
  skewSeconds: 30,
  tokenSeconds: 300,
  rotationDays: 30,
};
const start = Date.UTC(2026, 0, 1);
const second = 1000;
const day = 86_400_000;

function key(kid: string, times: Partial<KeyTimes> = {}): KeyTimes {
  return { kid, publishedAt: start, activatedAt: null, retiredAt: null, removedAt: null, ...times };
}

const active = key('active', { activatedAt: start });
const next = key('next');

test('in an empty database the first key signs at once, and the next one is published with it', () => {
  expect(planRotation({ keys: [], now: start, policy })).toEqual({
    actions: [{ type: 'bootstrap' }, { type: 'publish' }],
  });
});

test('between rotations there is nothing to do', () => {
  expect(planRotation({ keys: [active, next], now: start + 30 * day - 1, policy })).toEqual({ actions: [] });
});

test('after 30 days the next key signs, and another is published to follow it', () => {
  expect(planRotation({ keys: [active, next], now: start + 30 * day, policy }).actions).toEqual([
    { type: 'activate', kid: 'next' },
    { type: 'publish' },
  ]);
});

test('a command rotates at any time after the max-age and the skew, and before that says when', () => {
  const at = (now: number) => planRotation({ keys: [active, next], now, policy, commanded: true });
  expect(at(start + 90 * second - 1)).toEqual({ actions: [], refusedUntil: start + 90 * second });
  expect(at(start + 90 * second).actions).toEqual([{ type: 'activate', kid: 'next' }, { type: 'publish' }]);
});

test('a schedule that is shorter than the publication waits for it', () => {
  const late = key('next', { publishedAt: start + 30 * day });
  expect(planRotation({ keys: [active, late], now: start + 30 * day, policy })).toEqual({ actions: [] });
});

test('a retired key stays until its last token has expired, and the skew after', () => {
  const retired = key('old', { activatedAt: start, retiredAt: start });
  const plan = (now: number) => planRotation({ keys: [retired, active, next], now, policy }).actions;
  expect(plan(start + 330 * second - 1)).toEqual([]);
  expect(plan(start + 330 * second)).toEqual([{ type: 'remove', kid: 'old' }]);
});

test('where the next key is missing it is published first, and a command gets no further than that', () => {
  for (const commanded of [false, true]) {
    expect(planRotation({ keys: [active], now: start + 60 * day, policy, commanded })).toEqual({
      actions: [{ type: 'publish' }],
    });
  }
});

test('without an active key the next one takes over as soon as it may', () => {
  expect(planRotation({ keys: [next], now: start + 89 * second, policy }).actions).toEqual([]);
  expect(planRotation({ keys: [next], now: start + 90 * second, policy }).actions).toContainEqual({
    type: 'activate',
    kid: 'next',
  });
});

const retiring = key('old', { activatedAt: start, retiredAt: start });
const gone = key('gone', { activatedAt: start, retiredAt: start, removedAt: start });

test.each([
  [
    'the active key: the next one signs at once, however young, and another is published',
    active,
    [{ type: 'revoke', kid: 'active' }, { type: 'activate', kid: 'next' }, { type: 'publish' }],
  ],
  [
    'the next key: another is published in its place',
    next,
    [{ type: 'revoke', kid: 'next' }, { type: 'publish' }],
  ],
  ['a retiring key: it leaves the set', retiring, [{ type: 'revoke', kid: 'old' }]],
  ['a key that is gone: nothing', gone, []],
  ['a key that nobody knows: nothing', key('stranger'), []],
])('revoking %s', (_what, { kid }, actions) => {
  expect(planRevocation([retiring, active, next, gone], kid)).toEqual(actions);
});

test('revoking the active key where no next one waits makes one that signs at once', () => {
  expect(planRevocation([active], 'active')).toEqual([
    { type: 'revoke', kid: 'active' },
    { type: 'bootstrap' },
    { type: 'publish' },
  ]);
});

test('the revocations alone tell which keys are left and which of them signs', () => {
  const left = (...kids: string[]) => afterRevocations([retiring, active, next], { kids, now: start + 7 });
  expect(left('active')).toEqual([retiring, { ...next, activatedAt: start + 7 }]);
  expect(left('old', 'next')).toEqual([active]);
  expect(left('active', 'next')).toEqual([retiring]);
  expect(left('stranger')).toEqual([retiring, active, next]);
});

test('the state follows from the times', () => {
  const old = { activatedAt: start, retiredAt: start };
  expect([next, active, key('a', old), key('b', { ...old, removedAt: start })].map(stateOf)).toEqual([
    'next',
    'active',
    'retiring',
    'gone',
  ]);
});
