import type { AuthError } from '@latchkey/auth-client';
import { createPostgresProofStore, replaysInStore, usedProofsSql } from '@latchkey/auth-client/proof';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { startNetworkLink } from '../../src/testing/index.ts';

const { url } = await forThisFile(createTestDatabase());
const pools: pg.Pool[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
});

function connect(connectionString = url): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 10 });
  pool.on('error', () => {});
  pools.push(pool);
  return pool;
}

const pool = connect();
await pool.query(usedProofsSql);
/** A busy machine may take longer than the default. */
const patientStore = (own: pg.Pool) => createPostgresProofStore(own, { timeoutMs: 60_000 });
const seconds = () => Date.now() / 1000;
const proof = (jti: string) => ({ thumbprint: 't', jti, iat: seconds(), nonce: undefined });

async function verdict(replays: ReturnType<typeof replaysInStore>, jti: string): Promise<string> {
  return Promise.resolve(replays.accept(proof(jti))).then(
    () => 'accepted',
    (error: AuthError) => error.code,
  );
}

describe('proofs in Postgres', () => {
  test('are accepted once by two replicas that get them at the same time', async () => {
    const replicas = [pool, connect()].map((own) => replaysInStore(patientStore(own), seconds));
    for (const jti of ['one', 'two', 'three']) {
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, () => replicas.map((replica) => verdict(replica, jti))).flat(),
      );
      expect(verdicts.filter((it) => it === 'accepted')).toHaveLength(1);
      expect(new Set(verdicts)).toEqual(new Set(['accepted', 'invalid_dpop_proof']));
    }
  });

  test('are decided without a deadlock when two replicas get the same ones in another order', async () => {
    const ids = Array.from({ length: 400 }, (_, index) => `crossing ${index}`);
    const [one, other] = [pool, connect()].map((own) => createPostgresProofStore(own));
    const news = await Promise.all([
      ...ids.map((id) => one?.use(id, 150)),
      ...ids.toReversed().map((id) => other?.use(id, 150)),
    ]);
    expect(news.filter(Boolean)).toHaveLength(ids.length);
  });

  test('that come together share a few statements, and each gets its own verdict', async () => {
    let statements = 0;
    const counted: typeof pool.query = ((...args: Parameters<typeof pool.query>) => {
      statements += 1;
      return pool.query(...args);
    }) as typeof pool.query;
    const store = createPostgresProofStore({ query: counted });
    await store.use('together 7', 150);
    statements = 0;
    const news = await Promise.all(
      Array.from({ length: 2000 }, (_, index) => store.use(`together ${index % 1000}`, 150)),
    );
    expect(news.filter(Boolean)).toHaveLength(999);
    expect([news[7], news[1007]]).toEqual([false, false]);
    expect(news.slice(0, 1000).every((isNew, index) => index === 7 || isNew !== news[1000 + index])).toBe(
      true,
    );
    expect(statements).toBeLessThan(20);
  });

  test('are refused after a crash of the service, too: they are kept by the database', async () => {
    const before = connect();
    expect(await createPostgresProofStore(before).use('kept', 150)).toBe(true);
    expect(await createPostgresProofStore(connect()).use('kept', 150)).toBe(false);
  });

  test('are deleted when they have expired, and not before; the key of the nonces stays', async () => {
    let passedMs = 0;
    const store = createPostgresProofStore(pool, { clock: { monotonicMs: () => passedMs } });
    const key = await store.nonceKey();
    await store.use('expired', -1);
    await store.use('alive', 150);
    passedMs = 30_000;
    await store.use('later', 150);
    await eventually('the row is gone', async () => {
      const { rows } = await pool.query(
        "select id from used_proofs where id in ('expired', 'alive', 'later')",
      );
      expect(rows.map(({ id }) => id).sort()).toEqual(['alive', 'later']);
    });
    expect(await createPostgresProofStore(connect()).nonceKey()).toEqual(key);
  });

  test('have one key of nonces, whichever replica draws it first', async () => {
    await pool.query("delete from used_proofs where id = 'nonce key'");
    const keys = await Promise.all(
      Array.from({ length: 20 }, () => createPostgresProofStore(pool).nonceKey()),
    );
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
  });

  test('are not accepted while Postgres is away or does not answer', async () => {
    const link = await startNetworkLink(url);
    const replays = replaysInStore(createPostgresProofStore(connect(link.url)), seconds);
    await eventually('it answers in time', async () =>
      expect(['accepted', 'invalid_dpop_proof']).toContain(await verdict(replays, 'before')),
    );
    link.freeze();
    expect(await verdict(replays, 'silent')).toBe('proof_store_unavailable');
    await link.cut();
    expect(await verdict(replays, 'away')).toBe('proof_store_unavailable');
    await link.restore();
    await eventually('it is back', async () =>
      expect(await verdict(replays, 'before')).toBe('invalid_dpop_proof'),
    );
    await link.close();
  });
});
