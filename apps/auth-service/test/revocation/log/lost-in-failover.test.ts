import type { Revocation } from '@latchkey/auth-client';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { RedisClient } from '../../../src/redis/client.ts';
import { createRevocations, type Revocations } from '../../../src/revocation/revocations.ts';
import { createLostRevocations } from '../../../src/sessions/lost-revocations.ts';
import { client, connect, createStore, newSession } from '../../sessions/session-fixture.ts';
import { follow, sequenceOf } from './log-fixture.ts';

let first: TestRedis;
let second: TestRedis;
let link: NetworkLink;
let redis: RedisClient;
let replica: Redis;
let revocations: Revocations;
let lost: Revocation[];
beforeEach(async () => {
  [first, second] = await Promise.all([startTestRedis(), startTestRedis()]);
  link = await startNetworkLink(first.url);
  redis = connect(link.url);
  replica = new Redis(second.url);
  const options = { redis, redisUrl: link.url, shards: 1, retentionSeconds: 330, clock: Date.now };
  revocations = createRevocations({ ...options, onError: () => {} });
  lost = [];
  revocations.log.onLost((entries) => lost.push(...entries));
  await follow(revocations.log, revocations.start);
});
afterEach(async () => {
  await revocations.stop();
  for (const connection of [redis, replica]) connection.disconnect();
  await link.close();
  await Promise.all([first.stop(), second.stop()]);
});

/** Gives the second server what the first one has now, and nothing that comes later. */
async function copy(): Promise<void> {
  await redis.config('SET', 'repl-diskless-sync-delay', 0);
  await replica.replicaof('127.0.0.1', new URL(first.url).port);
  await eventually('the replica has all data', async () => {
    expect(await replica.info('replication')).toContain('master_link_status:up');
    expect(await replica.dbsize()).toBe(await redis.dbsize());
  });
  await replica.replicaof('NO', 'ONE');
}

async function failOver(): Promise<void> {
  await link.cut();
  await link.restore(second.url);
}

const session = (id: number) => ({
  kind: 'session' as const,
  id: `0-${String(id).padStart(22, 'x')}`,
  reason: 'sign_out',
});

test('entries that the new master lacks are named, even when it has given their numbers to others', async () => {
  await revocations.publish(session(1));
  await copy();
  await revocations.publish(session(2));
  await revocations.publish(session(3));
  await eventually('all are read', () => expect(sequenceOf(revocations.log.head[0])).toBe(4));
  const atNewMaster = connect(second.url);
  const other = createRevocations({
    ...{ redis: atNewMaster, redisUrl: second.url, shards: 1, retentionSeconds: 330, clock: Date.now },
    onError: () => {},
  });
  await other.publish(session(4));
  await other.publish(session(5));
  atNewMaster.disconnect();
  await failOver();
  await eventually('the loss is noticed', () => expect(lost).toEqual([session(2), session(3)]));
});

/** Lets the monotonic clock go faster until the test ends. */
function createFastClock() {
  const now = performance.now.bind(performance);
  let aheadMs = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
  onTestFinished(() => spy.mockRestore());
  return {
    advance(ms: number): void {
      aheadMs += ms;
    },
  };
}

test('what was told is named however long Redis is away', async () => {
  const monotonic = createFastClock();
  await copy();
  await revocations.publish(session(1));
  await eventually('it is told', () => expect(sequenceOf(revocations.log.head[0])).toBe(2));
  await link.cut();
  await eventually('Redis is away', () => expect(revocations.log.isFollowing).toBe(false));
  monotonic.advance(3_600_000);
  await link.restore(second.url);
  await eventually('the loss is noticed', () => expect(lost).toEqual([session(1)]));
});

test('what was told is named for as long as a token lives, and forgotten soon after', async () => {
  const monotonic = createFastClock();
  await copy();
  for (const [id, msBefore] of [
    [1, 0],
    [2, 30_000],
    [3, 270_000],
  ] as const) {
    monotonic.advance(msBefore);
    await revocations.publish(session(id));
    await eventually('it is told', () => expect(sequenceOf(revocations.log.head[0])).toBe(id + 1));
  }
  await failOver();
  await eventually('the loss is noticed', () => expect(lost).toEqual([session(2), session(3)]));
});

test('of very many that are lost, fifty are repeated at a time', async () => {
  const ids = Array.from({ length: 200 }, (_, id) => session(id).id);
  const repeated: string[] = [];
  let atWork = 0;
  let most = 0;
  const store = createStore({ redis, clock: Date.now });
  const repeating = createLostRevocations({
    sessions: store,
    endWithLogin: store.end,
    async publish(revocation) {
      atWork += 1;
      most = Math.max(most, atWork);
      await revocations.publish(revocation);
      atWork -= 1;
      if ('id' in revocation) repeated.push(revocation.id);
    },
    rolesOf: async () => undefined,
    log: { warn: () => {}, error: () => {} },
  });
  repeating.repeat(ids.map((_, id) => session(id)));
  await eventually('all are repeated', () => expect(repeated.toSorted()).toEqual(ids.toSorted()));
  expect(most).toBeLessThanOrEqual(50);
  repeating.stop();
});

test('a failover that lost nothing names nothing', async () => {
  await revocations.publish(session(1));
  await eventually('it is told', () => expect(revocations.list.size).toBe(2));
  await copy();
  let epochs = 0;
  revocations.log.onNewEpoch(() => {
    epochs += 1;
  });
  await failOver();
  await eventually('the log follows the new master', () => {
    expect(epochs).toBe(1);
    expect(revocations.log.isFollowing).toBe(true);
  });
  expect(lost).toEqual([]);
});

test('a lost sign-out and a lost change of roles are made again', async () => {
  const store = createStore({ redis, clock: Date.now });
  const roles = { roles: ['customer', 'admin'], rolesVersion: 1 };
  const repeating = createLostRevocations({
    sessions: store,
    endWithLogin: store.end,
    publish: revocations.publish,
    rolesOf: async () => roles,
    log: { warn: () => {}, error: () => {} },
  });
  revocations.log.onLost(repeating.repeat);
  const [leaver, changed] = [await store.start(newSession()), await store.start(newSession())];
  await copy();
  await store.end(leaver.grant.subject, leaver.grant.sessionId, 'sign_out');
  await store.changeRoles(changed.grant.subject, roles);
  await eventually('both are told', () => expect(revocations.list.size).toBe(3));
  await failOver();
  await eventually('the session has ended again', async () =>
    expect(await store.refresh(leaver.refreshToken, client)).toEqual({
      verdict: 'REVOKED',
      reason: 'sign_out',
    }),
  );
  await eventually('the roles have changed again', async () =>
    expect((await store.find(changed.grant.subject, changed.grant.sessionId))?.roles).toEqual(roles.roles),
  );
  repeating.stop();
});
