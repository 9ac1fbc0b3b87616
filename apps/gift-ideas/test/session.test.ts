import { expect, test } from 'vitest';
import { accessTokenOf, type Session } from '../src/session.ts';

const tokens = { access: 'first', expiresAt: 1000, refresh: 'r1' };

test('a token is used until it expires; then requests that come together share one refresh', async () => {
  let [now, refreshes] = [999, 0];
  const session: Session = { name: 'mina', sid: undefined, tokens };
  const refresh = async () => {
    refreshes += 1;
    return { access: `next-${refreshes}`, expiresAt: now + 1000, refresh: 'r2' };
  };
  const get = () => accessTokenOf(session, { refresh }, () => now);
  expect(await get()).toBe('first');
  now = 1000;
  expect(await Promise.all([get(), get(), get()])).toEqual(['next-1', 'next-1', 'next-1']);
  expect(refreshes).toBe(1);
  now = 2000;
  expect(await get()).toBe('next-2');
});

test('a refresh that failed is tried again', async () => {
  const session: Session = { name: 'mina', sid: undefined, tokens };
  const down = { refresh: () => Promise.reject(new Error('down')) };
  const clock = () => 5000;
  await expect(accessTokenOf(session, down, clock)).rejects.toThrow('down');
  const up = { refresh: async () => ({ ...tokens, access: 'next', expiresAt: 9000 }) };
  expect(await accessTokenOf(session, up, clock)).toBe('next');
});
