import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import type { EndReason } from '../../src/sessions/session.ts';
import { replayGraceMs } from '../../src/sessions/session-store.ts';
import {
  client,
  connectPatiently,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  revocationsIn,
} from './session-fixture.ts';

const reasons: Record<EndReason, true> = {
  sign_out: true,
  ended_by_user: true,
  ended_all: true,
  replaced: true,
  too_many: true,
  displaced: true,
  sign_in_failed: true,
  account_disabled: true,
  password_changed: true,
  ended_by_operator: true,
  token_revoked: true,
  code_reused: true,
  consent_withdrawn: true,
  ways_in_changed: true,
  signed_out_at_provider: true,
  shards_changed: true,
};

let server: TestRedis;
/** The store of several replicas. Without the request timeout, so that a slow machine does not matter. */
let connections: [RedisClient, RedisClient, RedisClient];
beforeAll(async () => {
  server = await startTestRedis();
  const patient = () => connectPatiently(server.url);
  connections = [patient(), patient(), patient()];
});
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await server.stop();
});

function createReplicas() {
  const clock = createClock();
  const macKeys = createMacKeys();
  const [first, ...others] = connections.map((redis) => createStore({ redis, clock: clock.now, macKeys }));
  if (first === undefined) throw new Error('no replica');
  return { clock, first, all: [first, ...others] };
}

async function deathsOf(sessionId: string): Promise<string[]> {
  const entries = await revocationsIn(connections[0]);
  return entries.flatMap((entry) =>
    entry.kind === 'session' && entry.id === sessionId ? [entry.reason] : [],
  );
}

test.each(Object.keys(reasons) as EndReason[])(
  '%s: the feed says it once, and a refusal of the refresh token names it, too',
  async (reason) => {
    const { first } = createReplicas();
    const session = newSession();
    const { grant, refreshToken } = await first.start(session);
    expect(await first.end(session.subject, grant.sessionId, reason)).toBe(true);
    expect(await first.end(session.subject, grant.sessionId, 'sign_out')).toBe(false);
    expect(await first.endAll(session.subject, 'ended_all')).toEqual([]);
    expect(await deathsOf(grant.sessionId)).toEqual([reason]);
    expect(await first.refresh(refreshToken, client)).toEqual({ verdict: 'REVOKED', reason });
  },
);

test('sign-outs, sign-outs everywhere and refreshes of a thief, at once at every replica: one end, one entry', async () => {
  const { clock, first, all } = createReplicas();
  const seen = new Set<string>();
  for (let round = 0; round < 60; round++) {
    const session = newSession();
    const { grant, refreshToken } = await first.start(session);
    await first.refresh(refreshToken, client);
    clock.advance(replayGraceMs + 1);
    const attempts = all.flatMap((store) => [
      () => store.refresh(refreshToken, client),
      () => store.end(session.subject, grant.sessionId, 'sign_out'),
      () => store.endAll(session.subject, 'ended_all'),
    ]);
    // Each round starts with another operation.
    const start = round % attempts.length;
    await Promise.all([...attempts.slice(start), ...attempts.slice(0, start)].map((attempt) => attempt()));
    const deaths = await deathsOf(grant.sessionId);
    expect(deaths).toHaveLength(1);
    expect(await first.refresh(refreshToken, client)).toEqual({ verdict: 'REVOKED', reason: deaths[0] });
    seen.add(deaths[0] ?? '');
  }
  expect(seen.size).toBeGreaterThan(1);
});
