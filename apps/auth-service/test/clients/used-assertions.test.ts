import { randomUUID } from 'node:crypto';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUsedAssertions, type UsedAssertions } from '../../src/clients/used-assertions.ts';
import { assertionKey } from '../../src/redis/key-names.ts';
import { startLossyProxy } from '../sessions/lossy-proxy.ts';
import { connect } from '../sessions/session-fixture.ts';

const REPLICAS = 3;

let server: TestRedis;
let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
let connections: Redis[];
let replicas: UsedAssertions[];
beforeAll(async () => {
  server = await startTestRedis();
  proxy = await startLossyProxy(server.url);
  connections = Array.from({ length: REPLICAS }, () => connect(proxy.url));
  replicas = connections.map(createUsedAssertions);
});
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await proxy.stop();
  await server.stop();
});

test('of sixty uses of one assertion at once, at three replicas, one is the first: a hundred times', async () => {
  for (let round = 0; round < 100; round++) {
    const jti = randomUUID();
    const uses = Array.from({ length: 20 * REPLICAS }, (_, index) =>
      (replicas[index % REPLICAS] as UsedAssertions).use('payment-service', jti),
    );
    expect((await Promise.all(uses)).filter(Boolean)).toEqual([true]);
  }
});

test('a reply that is lost makes no replay of an honest use, and no second first use', async () => {
  const [one, two] = replicas as [UsedAssertions, UsedAssertions];
  for (let round = 0; round < 10; round++) {
    const jti = randomUUID();
    proxy.loseReplies(1);
    expect(await one.use('payment-service', jti)).toBe(true);
    expect(await two.use('payment-service', jti)).toBe(false);
    expect(await one.use('payment-service', jti)).toBe(false);
  }
  expect(proxy.lost()).toBeGreaterThanOrEqual(10);
});

test('it is remembered until no clock of ours accepts the assertion any more, and then forgotten', async () => {
  const [redis] = connections as [Redis];
  const jti = 'any text: even\u0000this';
  await replicas[0]?.use('payment-service', jti);
  const key = assertionKey('payment-service', jti);
  expect(key).toMatch(/^\{[\w-]{43}\}:assertion:payment-service$/);
  // 60 s of life, and at both ends 30 s that a service's clock may differ, and 30 s that a replica's may.
  expect(await redis.pttl(key)).toBeGreaterThan(170_000);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(180_000);
  // A replay leaves the first use's mark: its reply may be on its way for the second time.
  const mark = await redis.get(key);
  await replicas[1]?.use('payment-service', jti);
  expect(await redis.get(key)).toBe(mark);
});
