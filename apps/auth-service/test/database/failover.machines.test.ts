import { setTimeout as sleep } from 'node:timers/promises';
import {
  lacksPgBouncer,
  startTestPgBouncer,
  startTestStandby,
  type TestPgBouncer,
  type TestStandby,
} from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Crowd, startCrowd } from '../redis/crowd.ts';
import { type AuthApp, from, register, startAuthApp, testPassword } from '../support/auth-app.ts';
import { ask, createOperator, openDatabase, type Person } from '../support/operator.ts';

type KeyList = { keys: { kid: string; state: string; activated_at: string | null }[] };

describe.skipIf(lacksPgBouncer)('Postgres with a standby, behind PgBouncer (skipped without it)', () => {
  let servers: TestStandby;
  let machine: NetworkLink;
  let pgBouncer: TestPgBouncer;
  let auth: AuthApp;
  let operator: Person;
  let crowd: Crowd;
  beforeAll(async () => {
    servers = await startTestStandby({ synchronous: true });
    machine = await startNetworkLink(servers.primaryUrl);
    pgBouncer = await startTestPgBouncer(machine.url);
    const databaseUrl = pgBouncer.urlOf(servers.primaryUrl);
    // Allows a rotation two seconds after the previous one.
    const env = { DATABASE_URL: databaseUrl, KEY_SKEW_SECONDS: '1', JWKS_MAX_AGE_SECONDS: '1' };
    auth = await startAuthApp({ env: { ...env, DATABASE_TIMEOUT_MS: '2000' } });
    const database = openDatabase({ ...auth, databaseUrl });
    operator = await createOperator(auth, database);
    await database.close();
    crowd = await startCrowd(auth.app, ({ length }) => length === 6);
  });
  afterAll(async () => {
    await crowd?.stop();
    await auth?.stop();
    await pgBouncer?.stop();
    await machine?.close();
    await servers?.stop();
  });

  test('the machine of the primary vanishes while people sign in and keys rotate: both go on, and no refresh fails', async () => {
    let isOver = false;
    let promotedAt = 0;
    const unexpected: unknown[] = [];
    const repeat = async (every: number, step: () => Promise<void>) => {
      for (; !isOver; await sleep(every)) await step();
    };
    onTestFinished(() => {
      isOver = true;
    });

    const people = await Promise.all(
      [1, 2, 3, 4].map(async () => ({ username: await register(auth.app), signIns: 0, backAt: 0 })),
    );
    const signingIn = people.map((person) =>
      repeat(200, async () => {
        const answer = await auth.app.inject({
          method: 'POST',
          url: '/sessions',
          payload: { client_id: 'latchkey-cli', username: person.username, password: testPassword },
          headers: from(person.username),
        });
        if (answer.statusCode === 201) {
          person.signIns += 1;
          if (promotedAt > 0 && person.backAt === 0) person.backAt = performance.now();
        } else if (answer.json().code !== 'database_unavailable') unexpected.push(answer.body);
      }),
    );
    const rotations = { kids: [] as string[], backAt: 0 };
    const rotating = repeat(300, async () => {
      const answer = await ask(auth, operator, { method: 'POST', url: '/keys/rotation' });
      if (answer.statusCode === 200) {
        rotations.kids.push(answer.json().kid);
        if (promotedAt > 0 && rotations.backAt === 0) rotations.backAt = performance.now();
      } else if (!['database_unavailable', 'rotation_too_early'].includes(answer.json().code))
        unexpected.push(answer.body);
    });
    await eventually('everybody signed in, and keys rotated', () => {
      for (const { signIns } of people) expect(signIns).toBeGreaterThan(0);
      expect(rotations.kids.length).toBeGreaterThan(0);
    });

    const vanishedAt = performance.now();
    machine.freeze();
    await servers.promote();
    promotedAt = performance.now();
    pgBouncer.pointTo(servers.standbyUrl);
    await eventually('everybody signs in again', () => {
      for (const { backAt } of people) expect(backAt).toBeGreaterThan(0);
    });
    await eventually('keys rotate again', () => expect(rotations.backAt).toBeGreaterThan(0));
    const after = (...at: number[]) => `${((Math.max(...at) - vanishedAt) / 1000).toFixed(1)} s`;
    const { ok, unavailable } = crowd.answers;
    console.log(
      `PgBouncer, the machine of the primary vanishes: everybody signs in again after ` +
        `${after(...people.map(({ backAt }) => backAt))}, keys rotate after ${after(rotations.backAt)} ` +
        `(${ok} refreshes, ${unavailable + crowd.refusals.length} failed)`,
    );
    await crowd.untilAllRefresh(performance.now());
    isOver = true;
    await Promise.all([...signingIn, rotating]);

    expect(unexpected).toEqual([]);
    expect(crowd.refusals).toEqual([]);
    expect(crowd.answers.unavailable).toBe(0);
    const { keys } = (await ask(auth, operator, { method: 'GET', url: '/keys' })).json<KeyList>();
    expect(keys.filter(({ state }) => state === 'active')).toHaveLength(1);
    const activated = keys.filter(({ activated_at }) => activated_at !== null).map(({ kid }) => kid);
    expect(activated).toEqual(expect.arrayContaining(rotations.kids));
    // All of them verify tokens still.
    const published = (await auth.app.inject({ url: '/.well-known/jwks.json' })).json<KeyList>();
    expect(published.keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining(activated));
  });
});
