import { startTestCluster, testEngines } from '@latchkey/dev-stack/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { shardBeside } from '../../src/redis/cluster.ts';
import { authorizationRequestKey, loginKey, revocationsKey } from '../../src/redis/key-names.ts';
import { connect, openTestRedis } from '../sessions/session-fixture.ts';

const shards = 16;
const { redis } = await openTestRedis();

test.each([
  ['of a person is their own', loginKey(7, 'digest'), 7],
  ['of nobody yet is any', authorizationRequestKey('a-random-id'), 0],
  ['that no setting allows is any', loginKey(shards, 'digest'), 0],
])('one server: the shard beside a key %s', (_, key, shard) => {
  expect(shardBeside(redis, key, shards)).toBe(shard);
});

describe.each(testEngines)('a cluster of $name', ({ program = '' }) => {
  test.skipIf(program === '')('has the shard beside a key at the same master', async () => {
    const cluster = await startTestCluster({ program, masters: 3, hasReplicas: false });
    onTestFinished(() => cluster.stop());
    const own = connect(cluster.url);
    onTestFinished(() => own.disconnect());
    await own.ping();
    const masters = new Set();
    for (let number = 0; number < 20; number++) {
      const key = authorizationRequestKey(`request-${number}`);
      const master = await cluster.masterOf(key);
      masters.add(master);
      expect(await cluster.masterOf(revocationsKey(shardBeside(own, key, shards)))).toBe(master);
    }
    expect(masters.size).toBe(3);
    expect(shardBeside(own, loginKey(7, 'digest'), shards)).toBe(7);
  });
});
