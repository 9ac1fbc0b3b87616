import { randomUUID } from 'node:crypto';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createUsedAssertions,
  type UsedAssertions,
} from '../../../src/oauth/client-authentication/used-assertions.ts';
import type { RedisClient } from '../../../src/redis/client.ts';
import { assertionKey } from '../../../src/redis/key-names.ts';
import { startLossyProxy } from '../../sessions/lossy-proxy.ts';
import { connect, createClock, createMemory, createTestDataSets } from '../../sessions/session-fixture.ts';
import { keepData } from '../../support/redis-data.ts';

const replicaCount = 3;

let server: TestRedis;
let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
let connections: RedisClient[];
let replicas: UsedAssertions[];
beforeAll(async () => {
  server = await startTestRedis();
  proxy = await startLossyProxy(server.url);
  connections = Array.from({ length: replicaCount }, () => connect(proxy.url));
  replicas = await Promise.all(connections.map((redis) => startReplica(redis)));
});
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await proxy.stop();
  await server.stop();
});

/** A replica whose memory of data sets is its own or shared with others. */
async function startReplica(redis: RedisClient, { memory = createMemory(), clock = Date.now } = {}) {
  const of = { redis, shards: 1, clock };
  const dataSets = createTestDataSets({ ...of, memory });
  await dataSets.start();
  return createUsedAssertions({ ...of, retentionMs: 330_000, dataSets });
}

const iat = Math.floor(Date.now() / 1000);

test('of sixty uses of one assertion at once, at three replicas, exactly one is the first, in a hundred rounds', async () => {
  for (let round = 0; round < 100; round++) {
    const assertion = { jti: randomUUID(), iat };
    const uses = Array.from({ length: 20 * replicaCount }, (_, index) =>
      (replicas[index % replicaCount] as UsedAssertions).use('payment-service', assertion),
    );
    expect((await Promise.all(uses)).filter(Boolean)).toEqual([true]);
  }
});

test('a lost reply does not make an honest use a replay, and allows no second first use', async () => {
  const [one, two] = replicas as [UsedAssertions, UsedAssertions];
  for (let round = 0; round < 10; round++) {
    const assertion = { jti: randomUUID(), iat };
    proxy.loseReplies(1);
    expect(await one.use('payment-service', assertion)).toBe(true);
    expect(await two.use('payment-service', assertion)).toBe(false);
    expect(await one.use('payment-service', assertion)).toBe(false);
  }
  expect(proxy.lost()).toBeGreaterThanOrEqual(10);
});

test('a use is remembered until no clock of ours accepts the assertion any more, and then forgotten', async () => {
  const [redis] = connections as [Redis];
  const jti = 'any text: even\u0000this';
  const assertion = { jti, iat };
  await replicas[0]?.use('payment-service', assertion);
  const key = assertionKey(0, 'payment-service', jti);
  expect(key).toMatch(/^\{0\}:assertion:payment-service:[\w-]{43}$/);
  // 60 s of life. At each end, 30 s of clock skew for the service and 30 s for the replica.
  expect(await redis.pttl(key)).toBeGreaterThan(170_000);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(180_000);
  // A replay keeps the first use's mark. Its request may be a retry whose first reply was lost.
  const mark = await redis.get(key);
  await replicas[1]?.use('payment-service', assertion);
  expect(await redis.get(key)).toBe(mark);
});

test('a use by a clock that was ahead is remembered until the assertion is over by a clock that is right', async () => {
  const [redis] = connections as [Redis];
  const jti = randomUUID();
  await replicas[0]?.use('payment-service', { jti, iat: iat + 600.5 });
  const expiresAt = await redis.pexpiretime(assertionKey(0, 'payment-service', jti));
  expect(expiresAt).toBeGreaterThanOrEqual((iat + 600 + 180) * 1000);
});

describe('after Redis lost the marks', () => {
  /** The first data set began some time ago; the clock stands in the middle of a second. */
  async function startAndLose(aheadSeconds = 0) {
    const [redis] = connections as [Redis];
    const clock = createClock();
    clock.advance(500 - (clock.now() % 1000));
    const memory = createMemory();
    const start = () => startReplica(redis, { memory, clock: clock.now });
    const issue = () => ({ jti: randomUUID(), iat: Math.floor(clock.now() / 1000) + aheadSeconds });
    await redis.flushall();
    const replica = await start();
    const used = issue();
    expect(await replica.use('payment-service', used)).toBe(true);
    clock.advance(5_000);
    expect(await replica.use('payment-service', used)).toBe(false);
    await redis.flushall();
    return { clock, replica, start, issue, used };
  }

  const undecided = {
    status: 503,
    code: 'temporarily_unavailable',
    headers: { 'retry-after': '1' },
    extensions: { error: 'temporarily_unavailable' },
  };

  test('an assertion from before is neither let in nor called used, at any replica; a new one is let in', async () => {
    const { clock, replica, start, issue, used } = await startAndLose();
    const another = await start();
    for (const which of [replica, another, await start()]) {
      await expect(which.use('payment-service', used)).rejects.toMatchObject(undecided);
    }
    clock.advance(1_000);
    const fresh = issue();
    expect(await replica.use('payment-service', fresh)).toBe(true);
    expect(await another.use('payment-service', fresh)).toBe(false);
  });

  test('a clock that was an hour ahead at the loss and is right again refuses no new assertion, at any replica', async () => {
    const { clock, replica, start, issue, used } = await startAndLose();
    clock.advance(3_600_000);
    await expect(replica.use('payment-service', used)).rejects.toMatchObject(undecided);
    clock.advance(-3_600_000);
    const another = await start();
    for (const which of [replica, another])
      await expect(which.use('payment-service', used)).rejects.toMatchObject(undecided);
    clock.advance(1_000);
    for (const which of [replica, another]) {
      const fresh = issue();
      expect(await which.use('payment-service', fresh)).toBe(true);
      expect(await which.use('payment-service', fresh)).toBe(false);
    }
  });

  test.each(['after', 'before'])(
    'a clock that was an hour ahead at a use, and was set right %s the loss, refuses no new assertion',
    async (when) => {
      const { clock, replica, issue, used } = await startAndLose();
      const noticeLoss = () => expect(replica.use('payment-service', used)).rejects.toMatchObject(undecided);
      const lose = async () => {
        await (connections[0] as Redis).flushall();
        await noticeLoss();
      };
      await noticeLoss();
      clock.advance(3_600_000);
      expect(await replica.use('payment-service', issue())).toBe(true);
      if (when === 'after') {
        await lose();
        clock.advance(2_000);
        expect(await replica.use('payment-service', issue())).toBe(true);
      }
      clock.advance(-3_600_000);
      if (when === 'before') await lose();
      await noticeLoss();
      clock.advance(1_000);
      const fresh = issue();
      expect(await replica.use('payment-service', fresh)).toBe(true);
      expect(await replica.use('payment-service', fresh)).toBe(false);
    },
  );

  test('one of a client whose clock is ahead is known where it was used, although it seems to be newer', async () => {
    const { clock, replica, issue, used } = await startAndLose(20);
    await expect(replica.use('payment-service', used)).rejects.toMatchObject(undecided);
    clock.advance(1_000);
    expect(await replica.use('payment-service', issue())).toBe(true);
    expect(await replica.use('wishlist-service', { jti: randomUUID(), iat: used.iat - 14 })).toBe(true);
  });

  test('when the marks come back, assertions that were used meanwhile are not accepted again, at any replica', async () => {
    const [redis] = connections as [Redis];
    const { clock, replica, start, issue, used } = await startAndLose();
    const both = [replica, await start()] as const;
    const noticeLoss = async () => {
      for (const which of both)
        await expect(which.use('payment-service', used)).rejects.toMatchObject(undecided);
      clock.advance(2_000);
    };
    await noticeLoss();
    const comeBack = await keepData(redis);
    await redis.flushall();
    await noticeLoss();
    const meanwhile = issue();
    expect(await replica.use('payment-service', meanwhile)).toBe(true);
    await comeBack();
    for (const which of both)
      await expect(which.use('payment-service', meanwhile)).rejects.toMatchObject(undecided);
    clock.advance(1_000);
    expect(await both[1].use('payment-service', issue())).toBe(true);
  });

  test('Redis starts with an older copy: a use that it lacks is not let in again; a new assertion is', async () => {
    const copying = await startTestRedis();
    const [redis, elsewhere] = [connect(copying.url), connect(copying.url)];
    const clock = createClock();
    const issue = (aheadSeconds = 0) => ({
      jti: randomUUID(),
      iat: Math.floor(clock.now() / 1000) + aheadSeconds,
    });
    const memory = createMemory();
    const options = { memory, clock: clock.now };
    const both = [await startReplica(redis, options), await startReplica(elsewhere, options)] as const;
    expect(await both[0].use('payment-service', issue())).toBe(true);
    await redis.save();
    const [used, usedAhead] = [issue(), issue(20)];
    for (const assertion of [used, usedAhead]) {
      expect(await both[0].use('payment-service', assertion)).toBe(true);
      expect(await both[1].use('payment-service', assertion)).toBe(false);
    }
    await copying.kill();
    await copying.restart();
    await eventually('both are connected', () => Promise.all([redis.ping(), elsewhere.ping()]));
    clock.advance(2_000);
    for (const which of both)
      await expect(which.use('payment-service', used)).rejects.toMatchObject(undecided);
    await expect(both[0].use('payment-service', usedAhead)).rejects.toMatchObject(undecided);
    clock.advance(1_000);
    const fresh = issue();
    expect(await both[1].use('payment-service', fresh)).toBe(true);
    expect(await both[0].use('payment-service', fresh)).toBe(false);
    clock.advance(20_000);
    expect(await both[0].use('payment-service', issue())).toBe(true);
    for (const connection of [redis, elsewhere]) connection.disconnect();
    await copying.stop();
  });

  test('without a loss, the first data set knows of all uses from its first moment on', async () => {
    const [redis] = connections as [Redis];
    await redis.flushall();
    expect(
      await (await startReplica(redis)).use('payment-service', { jti: randomUUID(), iat: iat - 20 }),
    ).toBe(true);
  });
});
