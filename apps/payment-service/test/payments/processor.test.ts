import { expect, test } from 'vitest';
import { askProcessor, type Outcome } from '../../src/payments/processor.ts';

const succeeded: Outcome = { outcome: 'succeeded' };

test('an answer in time is passed on', async () => {
  expect(await askProcessor(1000, async () => succeeded)).toEqual(succeeded);
});

test('an adapter that ignores its signal is not waited for, and its late error ends no process', async () => {
  let signal: AbortSignal | undefined;
  const late = Promise.withResolvers<Outcome>();
  const answer = await askProcessor(50, (given) => {
    signal = given;
    return late.promise;
  });
  expect(answer).toEqual({ outcome: 'unknown' });
  expect(signal?.aborted).toBe(true);
  late.reject(new Error('connection reset'));
  await new Promise(setImmediate);
});

test('a fault of the adapter is thrown on: it is no verdict', async () => {
  await expect(askProcessor(1000, () => Promise.reject(new Error('misconfigured')))).rejects.toThrow(
    'misconfigured',
  );
});
