import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { revocationsKey } from '../../src/redis/key-names.ts';
import { createClock, createStore, newSession, openTestRedis } from './session-fixture.ts';

const { redis } = await openTestRedis();

async function setUp() {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now });
  const subject = randomBytes(16).toString('base64url');
  const start = async (clientId = 'app') => (await store.start(newSession({ subject, clientId }))).grant;
  const living = async () => (await store.list(subject)).map(({ id }) => id).sort();
  return { clock, store, subject, start, living };
}

test('after a clock was set back, the session that ends is not a new one', async () => {
  const { clock, store, start, living } = await setUp();
  const first = await start();
  clock.advance(-600_000);
  const second = await start();
  expect(await store.endSurplus(second, 1)).toEqual([first.sessionId]);
  expect(await living()).toEqual([second.sessionId]);
});

test('the session that began first ends, although one of a shorter lifetime expires before', async () => {
  const { clock, store, subject, start, living } = await setUp();
  const first = await start();
  clock.advance(5_000);
  const brief = createStore({ redis, clock: clock.now, sessionSeconds: 600 });
  const second = (await brief.start(newSession({ subject, clientId: 'app' }))).grant;
  clock.advance(5_000);
  const third = await start();
  expect(await store.endSurplus(third, 2)).toEqual([first.sessionId]);
  expect(await living()).toEqual([second.sessionId, third.sessionId].sort());
});

test('in whatever order concurrent sign-ins end surplus sessions, exactly the limit is left', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { store, start, living } = await setUp();
    const most = 1 + (round % 3);
    const grants = await Promise.all(Array.from({ length: 8 }, () => start()));
    const other = await start('another app');
    const shuffled = grants.map((grant) => ({ grant, at: Math.random() })).sort((a, b) => a.at - b.at);
    const ended = await Promise.all(shuffled.map(({ grant }) => store.endSurplus(grant, most)));
    expect(await living()).toHaveLength(most + 1);
    expect(await living()).toContain(other.sessionId);
    // Each session ends once.
    expect(new Set(ended.flat()).size).toBe(ended.flat().length);
    expect(ended.flat()).toHaveLength(8 - most);
  }
});

test('done twice, it ends nothing more; each end is on the feed once, with its reason', async () => {
  const { store, start, living } = await setUp();
  const [first, second] = [await start(), await start()];
  expect(await store.endSurplus(second, 1)).toEqual([first.sessionId]);
  expect(await store.endSurplus(second, 1)).toEqual([]);
  // A session that has been displaced itself by then ends no other session.
  expect(await store.endSurplus(first, 1)).toEqual([]);
  expect(await living()).toEqual([second.sessionId]);
  const entries = await redis.xrange(revocationsKey(0), '-', '+');
  const about = entries.map(([, fields]) => fields).filter((fields) => fields.includes(first.sessionId));
  expect(about).toEqual([expect.arrayContaining(['kind', 'session', 'reason', 'displaced'])]);
});
