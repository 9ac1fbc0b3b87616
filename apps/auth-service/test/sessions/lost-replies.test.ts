import { expect, test } from 'vitest';
import {
  client,
  createClock,
  createStore,
  createTestDataSets,
  newSession,
  openTestRedis,
  revocationsIn,
} from './session-fixture.ts';

const { redis } = await openTestRedis();
const dataSets = createTestDataSets({ redis, clock: Date.now });
const day = 86_400_000;
const year = 365 * 86_400;

/** From one second to a day, small and large times alike often. */
const someTime = () => Math.round(1000 * (day / 1000) ** Math.random());

/** A device with its own clock, which it turns. */
async function device(boundTo?: string) {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now, dataSets, sessionSeconds: year });
  const { grant, refreshToken } = await store.start(newSession(boundTo === undefined ? {} : { boundTo }));
  const refresh = async (token: string, proven = boundTo) => store.refresh(token, client, proven);
  return { clock, store, grant, refreshToken, refresh };
}

const deviceCount = 100;
const lossesPerDevice = 100;

test('10,000 lost replies, repeated after a second to a day: the same successor each time, and no sign-out', async () => {
  const afterHours: number[] = [];
  await Promise.all(
    Array.from({ length: deviceCount }, async (_, number) => {
      const { clock, refresh, refreshToken, store, grant } = await device(`key ${number}`);
      let held = refreshToken;
      for (let lost = 0; lost < lossesPerDevice; ) {
        const first = await refresh(held);
        expect(first.verdict).toBe('ROTATED');
        // Some repeat once, and some lose the answers to their repetitions as well.
        for (let times = 1 + Math.floor(Math.random() * 3); times > 0; times -= 1) {
          const passed = someTime();
          clock.advance(passed);
          afterHours.push(passed / 3_600_000);
          const again = await refresh(held);
          expect([again.verdict, tokenOf(again)]).toEqual(['REPLAYED', tokenOf(first)]);
          lost += 1;
        }
        held = tokenOf(first);
      }
      expect(await store.find(grant.subject, grant.sessionId)).toBeDefined();
    }),
  );
  expect(afterHours.length).toBeGreaterThanOrEqual(deviceCount * lossesPerDevice);
  expect(Math.min(...afterHours)).toBeLessThan(0.01);
  expect(Math.max(...afterHours)).toBeGreaterThan(20);
  expect((await revocationsIn(redis)).filter(({ kind }) => kind === 'session')).toEqual([]);
});

test('a thief in between has the token and not the key: the owner repeats as if nothing had happened', async () => {
  const { clock, refresh, refreshToken } = await device('key of the owner');
  const first = await refresh(refreshToken);
  for (const proven of ['', 'key of the thief'])
    for (const token of [refreshToken, tokenOf(first)])
      expect((await refresh(token, proven)).verdict).toBe('FOREIGN_KEY');
  clock.advance(day);
  expect(tokenOf(await refresh(refreshToken))).toBe(tokenOf(first));
});

test('a bearer session forgives ten seconds and no more, or a thief in step would never be seen', async () => {
  const { clock, refresh, refreshToken } = await device();
  await refresh(refreshToken);
  clock.advance(10_000);
  expect((await refresh(refreshToken)).verdict).toBe('REPLAYED');
  clock.advance(1);
  expect((await refresh(refreshToken)).verdict).toBe('REUSED');
});

function tokenOf(outcome: object): string {
  if ('refreshToken' in outcome) return String(outcome.refreshToken);
  throw new Error('there is no token');
}
