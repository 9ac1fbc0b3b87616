import { eventually, forThisFile } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import type { Client } from '../../src/clients/clients.ts';
import { logoutDeliveries } from '../../src/database/schema.ts';
import { createLogoutDeliveries } from '../../src/oauth/logout/logout-deliveries.ts';
import { openTestDatabase } from '../database/open-test-database.ts';

const { db } = await forThisFile(openTestDatabase());

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
    sessions: { ownerOf: async (id) => ({ subject: id, clientId: 'app' }) },
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
