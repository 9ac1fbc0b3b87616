import { expect, test } from 'vitest';
import { createConcurrencyLimit } from '../../src/accounts/concurrency-limit.ts';

function task() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { run: () => promise, finish: () => resolve('done'), fail: () => reject(new Error('failed')) };
}

test('no more tasks run than may, and waiting ones run in the order in which they came', async () => {
  const limit = createConcurrencyLimit({ running: 2, waiting: 10 });
  let running = 0;
  let most = 0;
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      limit.run(async () => {
        running += 1;
        most = Math.max(most, running);
        order.push(index);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      }),
    ),
  );
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a task that comes when too many wait is refused at once', async () => {
  const limit = createConcurrencyLimit({ running: 1, waiting: 1 });
  const [first, second] = [task(), task()];
  const running = limit.run(first.run);
  const waiting = limit.run(second.run);
  await expect(limit.run(async () => 'too many')).rejects.toMatchObject({
    status: 503,
    code: 'busy',
    headers: { 'retry-after': '2' },
  });
  first.finish();
  second.finish();
  expect(await Promise.all([running, waiting])).toEqual(['done', 'done']);
});

test('a task that fails gives its turn to the next', async () => {
  const limit = createConcurrencyLimit({ running: 1, waiting: 1 });
  const failing = task();
  const failed = limit.run(failing.run);
  const next = limit.run(async () => 'next');
  failing.fail();
  await expect(failed).rejects.toThrow('failed');
  expect(await next).toBe('next');
  expect(await limit.run(async () => 'and on')).toBe('and on');
});
