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
    crowd = await startCrowd(auth.app, 12);
  });
  afterAll(async () => {
    await crowd?.stop();
    await auth?.stop();
    await sentinels?.stop();
  });

  run('fail over from a master that stands still, under load, and nobody is signed out', async () => {
    const [master, replica] = sentinels.servers;
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
