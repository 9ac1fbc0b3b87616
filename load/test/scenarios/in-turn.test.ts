import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inTurn } from '../../src/scenarios/in-turn.ts';
import type { Session } from '../../src/system/people.ts';

const person = (): Session => ({
  username: 'x',
  password: 'x',
  sessionId: 'x',
  accessToken: 'x',
  refreshToken: 'x',
  expiresAtMs: 0,
});

it('runs the work of a person in sequence, also after work that failed', async () => {
  const one = person();
  const done: string[] = [];
  const task = (name: string, ms: number) => async () => {
    done.push(`${name} begins`);
    await delay(ms);
    done.push(`${name} ends`);
    if (name === 'first') throw new Error('failed');
    return 'ok';
  };
  const first = inTurn(one, task('first', 20));
  const second = inTurn(one, task('second', 1));
  await expect(first).rejects.toThrow('failed');
  await expect(second).resolves.toBe('ok');
  expect(done).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
});

it('runs the work of different people at once', async () => {
  const outcome = await Promise.race([
    inTurn(person(), () => delay(1000).then(() => 'slow')),
    inTurn(person(), async () => 'quick'),
  ]);
  expect(outcome).toBe('quick');
});
