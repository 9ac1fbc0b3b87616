import { expect, test } from 'vitest';
import { createStore } from '../src/store.ts';

test('keeps a value under an id of its own, until it is taken or expires', () => {
  let now = 0;
  const store = createStore<string>({ seconds: 10, most: 100, clock: () => now });
  const [one, other] = [store.add('one'), store.add('other')];
  expect(one).toMatch(/^[\w-]{43}$/);
  expect([store.get(one), store.get(other), store.get('x'), store.get(undefined)]).toEqual([
    'one',
    'other',
    undefined,
    undefined,
  ]);
  expect([store.take(one), store.take(one)]).toEqual(['one', undefined]);
  now = 10_000;
  expect(store.get(other)).toBeUndefined();
});

test('gives up the oldest when there are too many', () => {
  const store = createStore<number>({ seconds: 10, most: 2, clock: () => 0 });
  const ids = [1, 2, 3].map((value) => store.add(value));
  expect(ids.map((id) => store.get(id))).toEqual([undefined, 2, 3]);
});
