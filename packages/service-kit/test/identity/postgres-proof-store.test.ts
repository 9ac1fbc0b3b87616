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
    const replicas = [pool, connect()].map((own) => replaysInStore(createPostgresProofStore(own), seconds));
    for (const jti of ['one', 'two', 'three']) {
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, () => replicas.map((replica) => verdict(replica, jti))).flat(),
      );
      expect(verdicts.filter((it) => it === 'accepted')).toHaveLength(1);
      expect(new Set(verdicts)).toEqual(new Set(['accepted', 'invalid_dpop_proof']));
    }
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
    expect(await verdict(replays, 'before')).toBe('accepted');
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
