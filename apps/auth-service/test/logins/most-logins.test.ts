import { expect, test } from 'vitest';
import { createLoginStore, maxLogins } from '../../src/logins/login-store.ts';
import { createClock, createTestDataSets, openTestRedis } from '../sessions/session-fixture.ts';

const { redis } = await openTestRedis();

function setUp() {
  const clock = createClock();
  const shared = { redis, shards: 1, clock: clock.now };
  const dataSets = createTestDataSets(shared);
  return { clock, logins: createLoginStore({ ...shared, revocationSeconds: 330, dataSets }) };
}

test(`a person has ${maxLogins} logins at most: beyond them the oldest ends`, async () => {
  const { clock, logins } = setUp();
  const ids = [];
  for (let count = 0; count < maxLogins + 1; count++) {
    ids.push((await logins.start('one person')).id);
    clock.advance(1);
  }
  const found = await Promise.all(ids.map((id) => logins.use(id)));
  expect(found.map((login) => login === undefined)).toEqual(ids.map((_, index) => index === 0));
});

test('a login that began after a clock was set back is not ended as the oldest', async () => {
  const { clock, logins } = setUp();
  const ids = [];
  for (let count = 0; count < maxLogins; count++) ids.push((await logins.start('another')).id);
  clock.advance(-600_000);
  const { id } = await logins.start('another');
  expect(await logins.use(id)).toBeDefined();
  const others = await Promise.all(ids.map((other) => logins.use(other)));
  expect(others.filter((login) => login !== undefined)).toHaveLength(maxLogins - 1);
});
