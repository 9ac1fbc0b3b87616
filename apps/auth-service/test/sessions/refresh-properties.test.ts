import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { sessionKey } from '../../src/redis/key-names.ts';
import { writeRefreshToken } from '../../src/sessions/refresh-token.ts';
import type { RefreshVerdict } from '../../src/sessions/session.ts';
import { firstGeneration } from '../../src/sessions/session-starts.ts';
import { type ModelSession, modelAuthTime, modelRefresh } from './refresh-model.ts';
import {
  client,
  createClock,
  createMacKeys,
  createStore,
  createTestDataSets,
  newSession,
  openTestRedis,
  revocationsIn,
} from './session-fixture.ts';

const { redis } = await openTestRedis();

type Step =
  | { do: 'refresh'; back: number; times: number; key: 'own' | 'other' | undefined }
  | { do: 'advance'; ms: number }
  | { do: 'end' }
  | { do: 'evict' }
  | { do: 'go elsewhere' }
  | { do: 'save' }
  | { do: 'lose writes' };

const step: fc.Arbitrary<Step> = fc.oneof(
  // `back` counts from the newest token that the client ever got; after lost writes that is ahead of the store.
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      back: fc.constant(0),
      times: fc.integer({ min: 1, max: 3 }),
      key: fc.constant('own' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      back: fc.integer({ min: 0, max: 10 }),
      times: fc.constant(1),
      key: fc.constantFrom('own' as const, 'own' as const, 'other' as const, undefined),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(1, 9_000, 10_000, 10_001, -5_000, -5_001, -600_000, -3_600_000, 600_000, 3_700_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('go elsewhere' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose writes' as const) }) },
);

test('refresh decides as the table says, whatever is repeated, lost, rolled back or done to the clock', async () => {
  const seen: Partial<Record<RefreshVerdict, number>> = {};

  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.boolean(),
      async (steps, isBound) => {
        await redis.flushdb();
        const clock = createClock();
        const macKeys = createMacKeys();
        // Whole seconds, because a session's id holds its start in seconds.
        clock.advance(-(clock.now() % 1000));
        const dataSets = createTestDataSets({ redis, clock: clock.now });
        const store = createStore({ redis, clock: clock.now, macKeys, dataSets });
        const boundTo = isBound ? 'own' : undefined;
        const { grant } = await store.start(newSession({ boundTo }));
        await dataSets.confirm(0);
        const { sessionId } = grant;

        let model: ModelSession = {
          state: 'active',
          generation: firstGeneration,
          reachedAt: clock.now(),
          replays: 0,
          bornAt: clock.now(),
          expiresAt: grant.expiresAt,
          authTime: grant.authTime,
          boundTo,
        };
        let deaths: string[] = [];
        let newest = firstGeneration;
        let saved = { keys: await dumpAll(redis), model: { ...model }, deaths: [] as string[] };

        for (const next of steps) {
          if (next.do === 'advance') clock.advance(next.ms);
          else if (next.do === 'save')
            saved = { keys: await dumpAll(redis), model: { ...model }, deaths: [...deaths] };
          else if (next.do === 'lose writes') {
            await restoreAll(redis, saved.keys);
            model = { ...saved.model };
            deaths = [...saved.deaths];
          } else if (next.do === 'end') {
            const dies = model.state === 'active';
            expect(await store.end(grant.subject, sessionId, 'sign_out')).toBe(dies);
            if (dies) {
              model.state = 'revoked';
              deaths.push('sign_out');
            }
          } else if (next.do === 'evict') {
            await redis.del(sessionKey(sessionId));
            model.state = 'gone';
          } else if (next.do === 'go elsewhere') {
            const here = await dumpAll(redis);
            await redis.flushdb();
            const token = writeRefreshToken({
              sessionId,
              generation: newest,
              clientId: client,
              key: macKeys[0],
            });
            await expect(store.refresh(token, client)).rejects.toMatchObject({ status: 503 });
            await restoreAll(redis, here);
          } else {
            const generation = Math.max(firstGeneration, newest - next.back);
            const token = writeRefreshToken({ sessionId, generation, clientId: client, key: macKeys[0] });
            for (let time = 0; time < next.times; time++) {
              const wasGone = model.state === 'gone';
              const expected = modelRefresh(model, generation, clock.now(), next.key);
              const outcome = await store.refresh(token, client, next.key);
              expect(outcome.verdict).toBe(expected);
              seen[expected] = (seen[expected] ?? 0) + 1;
              if (expected === 'REUSED') deaths.push('reuse');
              if (wasGone && model.state === 'revoked') deaths.push('session_lost');
              // A refresh of a dead session says why it died.
              if (outcome.verdict === 'REVOKED') expect(outcome.reason).toBe(deaths.at(-1));
              if ('refreshToken' in outcome) {
                // There is one line of tokens: whoever gets one gets its head.
                const of = { sessionId, generation: model.generation, clientId: client, key: macKeys[0] };
                expect(outcome.refreshToken).toBe(writeRefreshToken(of));
                // Expiry, owner and client never change. The sign-in time changes only when a clock was wrong.
                const authTime = modelAuthTime(model, clock.now());
                expect({ ...outcome.grant, readAt: grant.readAt }).toEqual({ ...grant, authTime });
                newest = Math.max(newest, model.generation);
              }
            }
          }
          // One head, exactly one feed entry per death, and no key that outlives the session.
          const [state, head, foreignKeyAt] = await redis.hmget(sessionKey(sessionId), 's', 'g', 'f');
          const isKept = head !== null;
          expect(state).toBe(model.state === 'gone' ? null : model.state);
          if (isKept)
            expect([Number(head), foreignKeyAt]).toEqual([
              model.generation,
              model.foreignKeyAt === undefined ? null : String(model.foreignKeyAt),
            ]);
          expect((await revocationsIn(redis)).filter(({ kind }) => kind === 'session')).toEqual(
            deaths.map((reason) => ({ kind: 'session', id: sessionId, reason })),
          );
          const goesAt = await redis.pexpiretime(sessionKey(sessionId));
          if (isKept) expect(goesAt).toBe(grant.expiresAt);
          else expect(goesAt).toBeLessThan(grant.expiresAt);
        }
      },
    ),
    // So many that each verdict comes well over thirty times.
    { numRuns: 300 },
  );

  // The generator reaches every row of the table often, so the property tests each.
  const verdicts = [
    'ROTATED',
    'REPLAYED',
    'ADOPTED',
    'FOREIGN_KEY',
    'REUSED',
    'REVOKED',
    'EXPIRED',
    'LOST',
  ] as const;
  for (const verdict of verdicts) {
    expect(seen[verdict] ?? 0, verdict).toBeGreaterThan(30);
  }
});

type Dump = Map<string, { value: Buffer; expiresAt: number }>;

async function dumpAll(from: RedisClient): Promise<Dump> {
  const dump: Dump = new Map();
  for (const key of await from.keys('*')) {
    const value = await from.dumpBuffer(key);
    if (value) dump.set(key, { value, expiresAt: await from.pexpiretime(key) });
  }
  return dump;
}

/** A failover to a lagging replica: the store returns to an earlier state, and no client knows. */
async function restoreAll(to: RedisClient, dump: Dump): Promise<void> {
  await to.flushdb();
  for (const [key, { value, expiresAt }] of dump) {
    await to.restore(key, Math.max(0, expiresAt), value, 'ABSTTL');
  }
}
