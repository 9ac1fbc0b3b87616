import { expect, test } from 'vitest';
import { absoluteSeconds, createLoginStore } from '../../src/logins/login-store.ts';
import { loginsOfSubjectKey } from '../../src/redis/key-names.ts';
import { createClock, createTestDataSets, openTestRedis } from '../sessions/session-fixture.ts';

const { redis } = await openTestRedis();

test('a login that is used after its person’s list was evicted ends with all of their logins', async () => {
  const clock = createClock();
  const shared = { redis, shards: 1, clock: clock.now };
  const dataSets = createTestDataSets(shared);
  const logins = createLoginStore({ ...shared, revocationSeconds: 330, dataSets });
  const list = loginsOfSubjectKey(0, 'ada');
  const { id } = await logins.start('ada');
  const expiresAt = clock.now() + absoluteSeconds * 1000;

  await redis.del(list);
  clock.advance(1000);
  expect(await logins.use(id)).toBeDefined();
  expect(await redis.pexpiretime(list)).toBe(expiresAt);

  await logins.endAll('ada');
  expect(await logins.use(id)).toBeUndefined();
});
