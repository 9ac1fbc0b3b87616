import {
  type ClusterMember,
  startTestCluster,
  type TestCluster,
  testEngines,
} from '@latchkey/dev-stack/testing';
import type { Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthApp, bearer, refresh, startAuthApp } from '../support/auth-app.ts';
import { type Crowd, type Person, startCrowd } from './crowd.ts';

const shards = 6;

/** Which shard a session belongs to is chance. */
function everyShardHasThree(people: readonly Person[]): boolean {
  const of = Object.groupBy(people, ({ shard }) => shard);
  return Array.from({ length: shards }, (_, shard) => of[shard]?.length ?? 0).every((count) => count >= 3);
}

describe.each(testEngines)('a cluster of six $name servers', ({ name, program = '' }) => {
  const run = test.skipIf(program === '');
  let cluster: TestCluster;
  let auth: AuthApp;
  let crowd: Crowd;
  beforeAll(async () => {
    if (program === '') return;
    cluster = await startTestCluster({ program });
    auth = await startAuthApp({
      env: { REDIS_URL: cluster.url, REDIS_SHARDS: String(shards), REDIS_TIMEOUT_MS: '800' },
    });
    crowd = await startCrowd(auth.app, everyShardHasThree);
  });
  afterAll(async () => {
    await crowd?.stop();
    await auth?.stop();
    await cluster?.stop();
  });

  run('spreads the shards over its masters', async () => {
    const masters = await Promise.all(Array.from({ length: shards }, (_, shard) => masterOf(shard)));
    expect(new Set(masters).size).toBe(3);
    await crowd.untilAllRefresh(performance.now());
    expect(await ready(auth.app)).toEqual({ status: 200, warnings: [] });
  });

  run('is warned of when one of its masters may evict', async () => {
    const master = await masterOf(0);
    await master.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const replica = await auth.startReplica();
    expect((await ready(replica)).warnings).toEqual(['redis_may_evict']);
    await master.redis.config('SET', 'maxmemory-policy', 'noeviction');
  });

  run('moves a slot under load, and nobody is signed out', async () => {
    const from = await masterOf(0);
    const to = await masterOf(3);
    expect(to).not.toBe(from);
    const started = performance.now();
    const { unavailable } = crowd.answers;
    await moveSlot('{0}', { from, to }, () =>
      eventually('somebody there is told to try again', () =>
        expect(crowd.answers.unavailable).toBeGreaterThan(unavailable),
      ),
    );
    const seconds = await crowd.untilAllRefresh(performance.now());
    report('a slot that has moved', started, seconds);
    expect(await masterOf(0)).toBe(to);
    expect(crowd.refusals).toEqual([]);
    await eventually('the log follows', async () => expect((await ready(auth.app)).status).toBe(200));
  });

  run('loses a master under load, and nobody is signed out', async () => {
    const master = await masterOf(0);
    const killedAt = performance.now();
    await master.kill();
    const seconds = await crowd.untilAllRefresh(killedAt);
    report('a killed master', killedAt, seconds);
    expect(crowd.refusals).toEqual([]);
    await eventually('auth-service is ready', async () =>
      expect(await ready(auth.app)).toEqual({ status: 200, warnings: [] }),
    );
  });

  run('heals after a partition: what the old master acknowledged is adopted', async () => {
    const master = await masterOf(1);
    const replica = await cluster.replicaOf(master);
    const there = await peopleAt(master);
    const adopted = await verdicts('ADOPTED');
    const partedAt = performance.now();
    await stopReplication(master);
    cluster.isolate(master);
    await eventually('the other side has a new master', async () =>
      expect(await cluster.masterOf('{1}', replica)).toBe(replica),
    );
    const seconds = await crowd.untilAllRefresh(performance.now(), there);
    report('a partition', partedAt, seconds);
    await allowReplication(master);
    cluster.heal();
    await eventually('the old master follows the new one', async () => {
      const replication = await master.redis.info('replication');
      expect(replication).toMatch(/role:slave/);
      expect(replication).toMatch(/master_link_status:up/);
    });
    await crowd.untilAllRefresh(performance.now());
    expect(crowd.refusals).toEqual([]);
    expect(await verdicts('ADOPTED')).toBeGreaterThan(adopted);
  });

  run(
    'fails over to a replica that lacks writes: told sign-outs stay, lost rotations are adopted',
    async () => {
      const other = await auth.startReplica();
      const master = await masterOf(1);
      const there = await peopleAt(master);
      await stopReplication(master);
      const lastWrite = performance.now();
      await crowd.untilAllRefresh(lastWrite, there);
      const [leaver] = there as [Person];
      await crowd.leave(leaver);
      const signOut = await eventually('the sign-out is acknowledged', async () => {
        const answer = await auth.app.inject({
          method: 'DELETE',
          url: '/sessions/current',
          headers: bearer(leaver.tokens.access_token),
        });
        expect(answer.statusCode).toBe(204);
        return answer;
      });
      expect(signOut.statusCode).toBe(204);
      const isTold = async (replica: Service) => {
        const answer = await replica.inject({ url: '/account', headers: bearer(leaver.tokens.access_token) });
        expect([answer.statusCode, answer.json().reason]).toEqual([401, 'sign_out']);
      };
      for (const replica of [auth.app, other])
        await eventually('every replica is told', () => isTold(replica));
      const adopted = await verdicts('ADOPTED');
      const killedAt = performance.now();
      await master.kill();
      const remaining = crowd.people.filter((person) => person !== leaver);
      const seconds = await crowd.untilAllRefresh(killedAt, remaining);
      report('a failover that lost writes', killedAt, seconds);
      expect(crowd.refusals).toEqual([]);
      expect(await verdicts('ADOPTED')).toBeGreaterThan(adopted);
      for (const replica of [auth.app, other]) await isTold(replica);
      const again = await eventually('the sign-out is repeated at the new master', async () => {
        const answer = await refresh(auth.app, leaver.tokens.refresh_token);
        expect(answer.statusCode).toBe(400);
        return answer;
      });
      expect(again.json()).toMatchObject({ error: 'invalid_grant', reason: 'sign_out' });
    },
  );

  const masterOf = (shard: number) => cluster.masterOf(`{${shard}}`, living());
  const living = () => cluster.members.find(({ redis }) => redis.status === 'ready') as ClusterMember;

  async function peopleAt(master: ClusterMember): Promise<Person[]> {
    const masters = await Promise.all(Array.from({ length: shards }, (_, shard) => masterOf(shard)));
    return crowd.people.filter(({ shard }) => masters[shard] === master);
  }

  /** The number of a verdict, at this replica. */
  async function verdicts(verdict: string): Promise<number> {
    const { body } = await auth.app.inject({ url: '/metrics' });
    const line = new RegExp(`^refresh_tokens_total\\{[^}]*verdict="${verdict}"[^}]*\\} (\\d+)`, 'm');
    return Number(line.exec(body)?.[1] ?? 0);
  }

  function report(what: string, since: number, seconds: number): void {
    const { ok, unavailable } = crowd.answers;
    console.log(
      `${name} Cluster, ${what}: everybody is served again after ${seconds.toFixed(1)} s ` +
        `(${((performance.now() - since) / 1000).toFixed(1)} s in all; so far ${ok} refreshes, ${unavailable} times 503, ` +
        `${crowd.refusals.length} false sign-outs)`,
    );
  }
});

async function ready(app: Service): Promise<{ status: number; warnings: string[] }> {
  const answer = await app.inject({ url: '/ready' });
  return { status: answer.statusCode, warnings: answer.json().warnings ?? [] };
}

/** Moves the slot of this key, as redis-cli --cluster reshard does. `midway` is awaited after the first keys. */
async function moveSlot(
  key: string,
  { from, to }: { from: ClusterMember; to: ClusterMember },
  midway: () => Promise<void>,
): Promise<void> {
  const slot = await from.redis.cluster('KEYSLOT', key);
  await to.redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  let moved = 0;
  for (;;) {
    const keys = (await from.redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 3)) as string[];
    if (keys.length === 0) break;
    await from.redis.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
    if (moved === 0) await midway();
    moved += keys.length;
  }
  for (const { redis } of [to, from]) await redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}

/** Its replicas get no more writes, and remain able to take its place. */
async function stopReplication({ redis }: ClusterMember): Promise<void> {
  await redis.call('ACL', 'SETUSER', 'default', '-psync', '-sync');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'replica');
}

async function allowReplication({ redis }: ClusterMember): Promise<void> {
  await redis.call('ACL', 'SETUSER', 'default', '+psync', '+sync');
}
