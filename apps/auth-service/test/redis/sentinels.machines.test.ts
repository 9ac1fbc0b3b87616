import { startTestSentinels, type TestSentinels, testEngines } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthApp, startAuthApp } from '../support/auth-app.ts';
import { type Crowd, startCrowd } from './crowd.ts';

describe.each(testEngines)('a $name master, its replica and three sentinels', ({ name, program = '' }) => {
  const run = test.skipIf(program === '');
  let sentinels: TestSentinels;
  let auth: AuthApp;
  let crowd: Crowd;
  beforeAll(async () => {
    if (program === '') return;
    sentinels = await startTestSentinels({ program, downAfterMs: 3_000 });
    auth = await startAuthApp({ env: { REDIS_URL: sentinels.url, REDIS_TIMEOUT_MS: '800' } });
    crowd = await startCrowd(auth.app, ({ length }) => length === 12);
  });
  afterAll(async () => {
    await crowd?.stop();
    await auth?.stop();
    await sentinels?.stop();
  });

  run('are believed: a master that does not know that it was replaced is left', async () => {
    const [master, replica] = sentinels.servers;
    // It serves everybody but the sentinels, which cannot tell it either.
    await master.redis.call('ACL', 'SETUSER', 'default', '-ping', '-slaveof', '-replicaof', '-multi');
    await eventually('the replica is the master', async () =>
      expect(await replica.redis.info('replication')).toMatch(/role:master/),
    );
    await eventually('nobody is connected to the old master', async () => {
      expect(await master.redis.info('replication')).toMatch(/role:master/);
      expect(await master.redis.client('LIST')).not.toMatch(/name=auth-service/);
    });
    await crowd.untilAllRefresh(performance.now());
    expect(await replica.redis.client('LIST')).toMatch(/name=auth-service-reader/);
    await eventually('auth-service is ready', async () =>
      expect((await auth.app.inject({ url: '/ready' })).statusCode).toBe(200),
    );
    expect(crowd.refusals).toEqual([]);
    await master.redis.call('ACL', 'SETUSER', 'default', '+@all');
    await eventually('the old master follows the new one', async () =>
      expect(await master.redis.info('replication')).toMatch(/master_link_status:up/),
    );
  });

  run('fail over from a master that stands still, under load, and nobody is signed out', async () => {
    const [replica, master] = sentinels.servers;
    const stoppedAt = performance.now();
    process.kill(master.pid, 'SIGSTOP');
    const seconds = await crowd.untilAllRefresh(stoppedAt);
    const { ok, unavailable } = crowd.answers;
    console.log(
      `${name} Sentinel, a master that stands still: everybody is served again after ${seconds.toFixed(1)} s ` +
        `(${ok} refreshes, ${unavailable} times 503, ${crowd.refusals.length} false sign-outs)`,
    );
    expect(await replica.redis.info('replication')).toMatch(/role:master/);

    process.kill(master.pid, 'SIGCONT');
    await eventually('the old master follows the new one', async () => {
      const replication = await master.redis.info('replication');
      expect(replication).toMatch(/role:slave/);
      expect(replication).toMatch(/master_link_status:up/);
    });
    await crowd.untilAllRefresh(performance.now());
    expect(crowd.refusals).toEqual([]);
    await eventually('auth-service is ready', async () =>
      expect((await auth.app.inject({ url: '/ready' })).statusCode).toBe(200),
    );
  });
});
