import { startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { eq, sql } from 'drizzle-orm';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import type { Client } from '../../src/clients/clients.ts';
import { logoutDeliveries } from '../../src/database/schema.ts';
import { createLogoutDeliveries } from '../../src/oauth/logout/logout-deliveries.ts';
import { openTestDatabase } from '../database/open-test-database.ts';
import {
  connect,
  createStore,
  createTestDataSets,
  newSession,
  openTestRedis,
} from '../sessions/session-fixture.ts';
import { keepData, replicate } from '../support/redis-data.ts';

const { db } = await forThisFile(openTestDatabase());
const { redis } = await openTestRedis();

// Nothing listens there, so what is kept stays kept.
const application = { id: 'app', kind: 'application', backchannelLogoutUri: 'http://127.0.0.1:1/' } as Client;

const endedSessions = (count: number, of: string) =>
  Array.from({ length: count }, (_, index) => {
    return { kind: 'session', id: `${of}-${index}`, reason: 'sign_out' } as const;
  });

test('in an outage of Postgres the newest 10,000 wait and are kept when it is back, and the others are told', async () => {
  let failures = 0;
  const told: string[] = [];
  const registry = new Registry();
  const deliveries = createLogoutDeliveries({
    db,
    applications: { find: () => application, all: [application] } as never,
    sessions: { ownerOf: async (id) => ({ subject: id, clientId: 'app' }), isGone: async () => true },
    issueLogoutToken: async () => 'a token',
    audit: { record: () => {} },
    registry,
    log: {
      warn(of: object, message?: string) {
        if ('err' in of) failures += 1;
        else told.push(message ?? '');
      },
    },
    clock: Date.now,
  });
  deliveries.start();
  onTestFinished(() => deliveries.stop());
  const failsOnceMore = async () => {
    const before = failures;
    await eventually('a round has failed', () => expect(failures).toBeGreaterThan(before));
  };
  await db.execute(sql`alter table logout_deliveries rename to away`);
  deliveries.onRevocations(endedSessions(7_000, 'older'));
  await failsOnceMore();
  deliveries.onRevocations(endedSessions(7_000, 'newer'));
  await failsOnceMore();
  await failsOnceMore();
  await db.execute(sql`alter table away rename to logout_deliveries`);
  await eventually('they are kept', async () => expect(await db.$count(logoutDeliveries)).toBe(10_000));
  const newer = await db.$count(logoutDeliveries, sql`session_id like 'newer-%'`);
  expect(newer).toBe(7_000);
  expect(told).toEqual([expect.stringContaining('will not be told')]);
  expect(await registry.getSingleMetricAsString('logout_tokens_total')).toContain('{outcome="dropped"} 4000');
});

test('a session that ended while Redis is a replica of an empty server is told of when its data is back', async () => {
  const empty = await startTestRedis();
  onTestFinished(() => empty.stop());
  const master = connect(empty.url);
  await master.config('SET', 'repl-diskless-sync-delay', 0);
  master.disconnect();
  const shared = { redis, clock: Date.now };
  const dataSets = createTestDataSets(shared);
  const sessions = createStore({ ...shared, dataSets });
  const [first, second] = [await sessions.start(newSession()), await sessions.start(newSession())];
  await dataSets.confirm(0);
  let lookUps = 0;
  const deliveries = createLogoutDeliveries({
    db,
    applications: { find: () => application, all: [application] } as never,
    sessions: {
      ...sessions,
      async ownerOf(id) {
        const owner = await sessions.ownerOf(id);
        lookUps += 1;
        return owner;
      },
    },
    issueLogoutToken: async () => 'a token',
    audit: { record: () => {} },
    registry: new Registry(),
    log: { warn: () => {} },
    clock: Date.now,
  });
  const end = ({ grant }: typeof first) =>
    deliveries.onRevocations([{ kind: 'session', id: grant.sessionId, reason: 'sign_out' }]);
  const keptOf = ({ grant }: typeof first) =>
    db.$count(logoutDeliveries, eq(logoutDeliveries.sessionId, grant.sessionId));

  const restore = await keepData(redis);
  await replicate(redis, empty);
  deliveries.start();
  onTestFinished(() => deliveries.stop());
  end(first);
  await eventually('it was looked up', () => expect(lookUps).toBeGreaterThan(0));
  await restore();
  // Looked up after the first one, if that still waits.
  end(second);
  await eventually('the second one is kept', async () => expect(await keptOf(second)).toBe(1));
  expect(await keptOf(first)).toBe(1);
});
