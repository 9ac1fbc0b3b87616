import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { ProblemError } from '@latchkey/service-kit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import type { RefreshOutcome } from '../../src/sessions/session.ts';
import { replayGraceMs, type SessionStore } from '../../src/sessions/session-store.ts';
import { startLossyProxy } from './lossy-proxy.ts';
import {
  client,
  connect,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  revocationsIn,
} from './session-fixture.ts';

const replicaCount = 4;
const rounds = 200;
const concurrent = 100;

let server: TestRedis;
let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
let connections: RedisClient[];
beforeAll(async () => {
  server = await startTestRedis();
  proxy = await startLossyProxy(server.url);
  connections = Array.from({ length: replicaCount }, () => connect(proxy.url));
});
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await proxy.stop();
  await server.stop();
});
beforeEach(() => (connections[0] as RedisClient).flushdb());

test(`${concurrent} concurrent refreshes of one token, ${rounds} times, with lost replies: one lineage, no false alarm`, async () => {
  const clock = createClock();
  const macKeys = createMacKeys();
  const stores = connections.map((redis) => createStore({ redis, clock: clock.now, macKeys }));
  const [first] = stores as [SessionStore, ...SessionStore[]];
  const { refreshToken } = await first.start(newSession());

  let token = refreshToken;
  const old: string[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 4 === 0) proxy.loseReplies(2);
    const outcomes = await Promise.all(
      Array.from({ length: concurrent }, (_, index) =>
        untilAnswered(() => (stores[index % replicaCount] as SessionStore).refresh(token, client)),
      ),
    );
    const successors = new Set(
      outcomes.map((outcome) => ('refreshToken' in outcome ? outcome.refreshToken : outcome.verdict)),
    );
    expect([...successors]).toEqual([expect.stringMatching(/^rt1\./)]);
    expect(outcomes.filter((outcome) => outcome.verdict === 'ROTATED').length).toBeLessThanOrEqual(1);
    old.push(token);
    token = [...successors][0] as string;
    clock.advance(50);
  }
  expect(proxy.lost()).toBeGreaterThan(rounds / 4);
  expect(await revocationsIn(connections[0] as RedisClient)).toMatchObject([{ reason: 'store_lost' }]);

  clock.advance(replayGraceMs + 1);
  expect(await first.refresh(token, client)).toMatchObject({ verdict: 'ROTATED' });
});

test('every replay after the grace is caught', async () => {
  const clock = createClock();
  const store = createStore({ redis: connections[0] as RedisClient, clock: clock.now });
  for (let round = 0; round < 100; round++) {
    const { refreshToken } = await store.start(newSession());
    await untilAnswered(() => store.refresh(refreshToken, client));
    clock.advance(replayGraceMs + 1 + round);
    expect(await untilAnswered(() => store.refresh(refreshToken, client))).toMatchObject({
      verdict: 'REUSED',
    });
  }
});

/** A client that gets 503 repeats the same request. */
async function untilAnswered(request: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 503) || attempt === 20) throw error;
    }
  }
}
