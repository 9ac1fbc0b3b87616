import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { createRevocations } from '../../src/revocation/revocations.ts';
import { follow } from '../revocation/log/log-fixture.ts';
import { client, connect, createStore, newSession } from '../sessions/session-fixture.ts';

let first: TestRedis;
let second: TestRedis;
/** The master's address. Existing connections stay with the server that they reached. */
let link: NetworkLink;
let redis: RedisClient;
let admins: [Redis, Redis];
beforeEach(async () => {
  [first, second] = await Promise.all([startTestRedis(), startTestRedis()]);
  link = await startNetworkLink(first.url);
  redis = connect(link.url);
  admins = [new Redis(first.url), new Redis(second.url)];
});
afterEach(async () => {
  for (const client of [redis, ...admins]) client.disconnect();
  await link.close();
  await Promise.all([first.stop(), second.stop()]);
});

const portOf = ({ url }: TestRedis) => new URL(url).port;

/** Makes the second server the master, at the same address and with the first server's data. */
async function promote(): Promise<void> {
  const [demoted, promoted] = admins;
  await demoted.config('SET', 'repl-diskless-sync-delay', 0);
  await promoted.replicaof('127.0.0.1', portOf(first));
  await eventually('the replica has all data', async () => {
    expect(await promoted.info('replication')).toContain('master_link_status:up');
    expect(await promoted.dbsize()).toBe(await demoted.dbsize());
  });
  await promoted.replicaof('NO', 'ONE');
  await link.restore(second.url);
}

const demotions: [string, () => Promise<unknown>][] = [
  ['follows the new one', () => admins[0].replicaof('127.0.0.1', portOf(second))],
  ['follows one that it cannot reach', () => admins[0].replicaof('127.0.0.1', '1')],
  [
    'answers nothing until it can follow',
    async () => {
      await admins[0].config('SET', 'replica-serve-stale-data', 'no');
      await admins[0].replicaof('127.0.0.1', '1');
    },
  ],
  ['is cut off from its replicas', () => admins[0].config('SET', 'min-replicas-to-write', 1)],
];

describe.each(demotions)('a master that was replaced, keeps its connections, and %s', (_, demote) => {
  test('is left for the new one', async () => {
    const store = createStore({ redis, clock: Date.now });
    const { refreshToken } = await store.start(newSession());
    await promote();
    await demote();
    await expect(store.refresh(refreshToken, client)).rejects.toMatchObject({ status: 503 });
    await eventually('refreshes go on at the new master', () => store.refresh(refreshToken, client));
  });

  test('is left by the followers of the log, which learn what is revoked at the new one', async () => {
    const atNewMaster = connect(second.url);
    const options = { redis, redisUrl: link.url, shards: 1, retentionSeconds: 330, clock: Date.now };
    const revocations = createRevocations({ ...options, onError: () => {} });
    await follow(revocations.log, revocations.start);
    const heard: unknown[] = [];
    revocations.log.onBatch((batch) => heard.push(...batch.revocations));
    try {
      await promote();
      await demote();
      const store = createStore({ redis: atNewMaster, clock: Date.now });
      const { grant } = await store.start(newSession());
      await store.end(grant.subject, grant.sessionId, 'sign_out');
      await eventually('the sign-out has arrived', () =>
        expect(heard).toContainEqual({ kind: 'session', id: grant.sessionId, reason: 'sign_out' }),
      );
    } finally {
      await revocations.stop();
      atNewMaster.disconnect();
    }
  });
});
