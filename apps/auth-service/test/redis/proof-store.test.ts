import type { AuthError } from '@latchkey/auth-client';
import { createRedisProofStore, replaysInStore } from '@latchkey/auth-client/proof';
import { eventually } from '@latchkey/testing';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { createProofMarks } from '../../src/redis/proof-marks.ts';
import { startLossyProxy } from '../sessions/lossy-proxy.ts';
import { connect, openTestRedis } from '../sessions/session-fixture.ts';

const { server, redis } = await openTestRedis();
const another = connect(server.url);
afterAll(() => another.disconnect());

const seconds = () => Date.now() / 1000;
const storeOf = (own: RedisClient, options: { timeoutMs?: number } = {}) =>
  createRedisProofStore(createProofMarks(own), options);
const replaysOf = (own: RedisClient, timeoutMs = 60_000) =>
  replaysInStore(storeOf(own, { timeoutMs }), seconds);

async function verdict(replays: ReturnType<typeof replaysOf>, jti: string): Promise<string> {
  const proof = { thumbprint: 't', jti, iat: seconds(), nonce: undefined };
  return Promise.resolve(replays.accept(proof)).then(
    () => 'accepted',
    (error: AuthError) => error.code,
  );
}

describe('proofs in Redis', () => {
  test('are accepted once by two replicas that get them at the same time', async () => {
    const replicas = [redis, another].map((own) => replaysOf(own));
    for (const jti of ['one', 'two', 'three']) {
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, () => replicas.map((replica) => verdict(replica, jti))).flat(),
      );
      expect(verdicts.filter((it) => it === 'accepted')).toHaveLength(1);
      expect(new Set(verdicts)).toEqual(new Set(['accepted', 'invalid_dpop_proof']));
    }
  });

  test('are forgotten by Redis itself, after the time that they are good for', async () => {
    await storeOf(redis).use('timed', 150);
    expect(await redis.ttl('proof:timed')).toBeGreaterThan(140);
    await storeOf(redis).use('short', 1);
    await eventually('it is gone', async () => expect(await redis.exists('proof:short')).toBe(0));
    expect(await storeOf(another).use('short', 1)).toBe(true);
  });

  test('whose reply was lost are no replays: the command that is sent again knows its mark', async () => {
    const proxy = await startLossyProxy(server.url);
    const own = connect(proxy.url);
    onTestFinished(async () => {
      own.disconnect();
      await proxy.stop();
    });
    await own.ping();
    proxy.loseReplies(1);
    expect(await storeOf(own).use('lost', 150)).toBe(true);
    expect(proxy.lost()).toBe(1);
    expect(await storeOf(redis).use('lost', 150)).toBe(false);
  });

  test('have one key of nonces for all replicas', async () => {
    const keys = await Promise.all([redis, another, redis].map((own) => storeOf(own).nonceKey()));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
  });

  test('that were given up while Redis carried out no writes are accepted when they come again', async () => {
    const own = connect(server.url, 1500);
    onTestFinished(() => own.disconnect());
    const replays = replaysOf(own);
    await verdict(replays, 'earlier');
    await redis.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    const code = await verdict(replays, 'given up').finally(() => redis.call('CLIENT', 'UNPAUSE'));
    expect(code).toBe('proof_store_unavailable');
    await eventually('it is accepted', async () =>
      expect(await verdict(replays, 'given up')).toBe('accepted'),
    );
  });

  test('are not accepted while Redis is frozen', async () => {
    const replays = replaysOf(redis, 800);
    await verdict(replaysOf(redis), 'before');
    process.kill(server.pid, 'SIGSTOP');
    const codes = await Promise.all([verdict(replays, 'new'), verdict(replays, 'before')]).finally(() =>
      process.kill(server.pid, 'SIGCONT'),
    );
    expect(codes).toEqual(['proof_store_unavailable', 'proof_store_unavailable']);
    await eventually('it serves again', async () =>
      expect(await verdict(replays, 'before')).toBe('invalid_dpop_proof'),
    );
  });
});
