import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../src/index.ts';

describe('eventually', () => {
  test('asks until the state has come, and returns what the check returned', async () => {
    let asked = 0;
    const answer = await eventually('the third answer', () => {
      asked += 1;
      expect(asked).toBe(3);
      return `answer ${asked}`;
    });
    expect(answer).toBe('answer 3');
  });

  test('waits for a check that is asynchronous', async () => {
    let asked = 0;
    await eventually('the second answer', async () => {
      asked += 1;
      await Promise.resolve();
      expect(asked).toBe(2);
    });
    expect(asked).toBe(2);
  });

  test('says which state did not come, and why the last attempt failed', async () => {
    const waiting = eventually('the door is open', () => expect('shut').toBe('open'), { withinMs: 60 });
    await expect(waiting).rejects.toThrow(/^Not within 0\.06 s: the door is open \(last attempt: .*shut/);
  });

  test('keeps the failure of the last attempt as the cause', async () => {
    const shut = new Error('shut');
    const waiting = eventually('the door is open', () => Promise.reject(shut), { withinMs: 60 });
    await expect(waiting).rejects.toMatchObject({ cause: shut });
  });

  test('gives up on an attempt that hangs', async () => {
    const waiting = eventually('an answer', () => new Promise(() => {}), { withinMs: 60 });
    await expect(waiting).rejects.toThrow('the attempt did not come to an end');
  });

  test('a thrown value need not be an error', async () => {
    const waiting = eventually('an answer', () => Promise.reject('nobody there'), { withinMs: 60 });
    await expect(waiting).rejects.toThrow('last attempt: nobody there');
  });

  test('waits by the real clock while that of the test stands still', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let asked = 0;
    await eventually('the second answer', () => {
      asked += 1;
      expect(asked).toBe(2);
    });
    const waiting = eventually('the door is open', () => expect('shut').toBe('open'), { withinMs: 60 });
    await expect(waiting).rejects.toThrow('Not within 0.06 s');
  });
});
