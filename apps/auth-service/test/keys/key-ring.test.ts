import { createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import type { Revocation } from '@latchkey/auth-client';
import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signingKeys } from '../../src/database/schema.ts';
import { parseKeyEncryptionKeys } from '../../src/keys/encryption.ts';
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.ts';
import { type OpenTestDatabase, openTestDatabase } from '../database/open-test-database.ts';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;
const DAY = 86_400_000;
const LEAD = 90 * SECOND;

let database: OpenTestDatabase;
let now: number;
let audited: string[];
let warnings: object[];
let errors: object[];
let published: Revocation[];
/** What publishing does besides. */
let onPublish: () => Promise<void>;
const secret = randomBytes(32).toString('base64url');
const rings: KeyRing[] = [];

beforeEach(async () => {
  database = await openTestDatabase();
  now = START;
  audited = [];
  warnings = [];
  errors = [];
  published = [];
  onPublish = async () => {};
});
afterEach(async () => {
  await Promise.all(rings.splice(0).map((ring) => ring.stop()));
  await database.close();
});

function keyRing(options: { db?: OpenTestDatabase['db']; keys?: string; reloadMs?: number } = {}): KeyRing {
  const ring = createKeyRing({
    db: options.db ?? database.db,
    log: {
      info: () => {},
      warn: (entry: object) => void warnings.push(entry),
      error: (entry: object) => void errors.push(entry),
    } as never,
    audit: { record: ({ event, details }) => void audited.push(`${event} ${String(details?.['kid'])}`) },
    keyEncryptionKeys: parseKeyEncryptionKeys(options.keys ?? secret),
    publish: async (revocation) => {
      published.push(revocation);
      await onPublish();
    },
    clock: () => now,
    jwksMaxAgeSeconds: 60,
    skewSeconds: 30,
    tokenSeconds: 300,
    rotationDays: 30,
    reloadMs: options.reloadMs ?? 60_000,
  });
  rings.push(ring);
  return ring;
}

async function started(options: Parameters<typeof keyRing>[0] = {}): Promise<KeyRing> {
  const ring = keyRing(options);
  await ring.start();
  return ring;
}

function kidsOf(ring: KeyRing): string[] {
  return ring.jwks().keys.map(({ kid }) => kid);
}

async function states(ring: KeyRing): Promise<Record<string, string>> {
  return Object.fromEntries((await ring.list()).map(({ kid, state }) => [kid, state]));
}

function signs(signer: { privateKey: KeyObject }, jwk: object): boolean {
  const text = Buffer.from('text');
  return verify(
    'sha256',
    text,
    createPublicKey({ key: { ...jwk }, format: 'jwk' }),
    sign('sha256', text, signer.privateKey),
  );
}

test('in an empty database it makes a key that signs and one to follow it', async () => {
  const ring = await started();
  const { kid } = ring.signer();
  expect(ring.jwks().keys).toHaveLength(2);
  expect(signs(ring.signer(), ring.jwks().keys.find((key) => key.kid === kid) ?? {})).toBe(true);
  expect(Object.values(await states(ring)).sort()).toEqual(['active', 'next']);
  expect(audited.map((line) => line.split(' ')[0])).toEqual([
    'key.published',
    'key.activated',
    'key.published',
  ]);
});

test('a private key is in the database encrypted, and is erased when it retires', async () => {
  const ring = await started();
  const rows = await database.db.select().from(signingKeys);
  for (const row of rows) {
    expect(row.encryptedPrivateKey).toMatch(/^v1\./);
    expect(Object.keys(row.publicJwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  }
  const before = ring.signer().kid;
  now += LEAD;
  await ring.rotate();
  const retired = (await database.db.select().from(signingKeys)).find(({ kid }) => kid === before);
  expect(retired).toMatchObject({ encryptedPrivateKey: null, kekId: null });
});

test('a rotation is refused until everybody has had time to fetch the next key, and says when', async () => {
  const ring = await started();
  const { kid: first } = ring.signer();
  const next = kidsOf(ring).find((kid) => kid !== first);
  now += LEAD - 1;
  await expect(ring.rotate()).rejects.toMatchObject({
    status: 409,
    code: 'rotation_too_early',
    headers: { 'retry-after': '1' },
    message: expect.stringContaining(new Date(START + LEAD).toISOString()),
  });
  expect(ring.signer().kid).toBe(first);

  now += 1;
  expect(await ring.rotate()).toEqual({
    action: 'activated',
    kid: next,
    retiring: first,
    next: expect.any(String),
  });
  expect(ring.signer().kid).toBe(next);
  expect(kidsOf(ring)).toHaveLength(3);
  await expect(ring.rotate()).rejects.toMatchObject({ headers: { 'retry-after': '90' } });
});

test('it rotates by schedule, and takes the old key away when its last token has expired', async () => {
  const ring = await started({ reloadMs: 10 });
  const { kid: first } = ring.signer();
  now += 30 * DAY;
  await vi.waitFor(() => expect(ring.signer().kid).not.toBe(first), 10_000);
  expect(kidsOf(ring)).toContain(first);
  now += 329 * SECOND;
  await ring.reload();
  expect(kidsOf(ring)).toContain(first);
  now += SECOND;
  await vi.waitFor(() => expect(kidsOf(ring)).not.toContain(first), 10_000);
  expect(await states(ring)).toMatchObject({ [first]: 'gone' });
  expect(audited).toContain(`key.removed ${first}`);
});

test('the signer and the set are the same objects until something changes', async () => {
  const ring = await started();
  const before = [ring.signer(), ring.jwks()];
  await ring.reload();
  expect(ring.signer()).toBe(before[0]);
  expect(ring.jwks()).toBe(before[1]);
  now += LEAD;
  await ring.rotate();
  expect(ring.signer()).not.toBe(before[0]);
  expect(ring.jwks()).not.toBe(before[1]);
});

test('replicas that start at once in an empty database make one lineage', async () => {
  const replicas = await Promise.all([1, 2, 3].map(async () => keyRing({ db: await database.another() })));
  await Promise.all(replicas.map((ring) => ring.start()));
  expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
  expect(new Set(replicas.map((ring) => kidsOf(ring).join())).size).toBe(1);
  expect(await database.db.select().from(signingKeys)).toHaveLength(2);
});

test('of replicas that are told to rotate at once, one does, and the others say that it is too early', async () => {
  const replicas = [await started(), await started({ db: await database.another() })];
  for (let round = 1; round <= 5; round += 1) {
    now += LEAD;
    const results = await Promise.allSettled(replicas.flatMap((ring) => [ring.rotate(), ring.rotate()]));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'rotation_too_early' });
    }
    await Promise.all(replicas.map((ring) => ring.reload()));
    expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
    const rows = await database.db.select().from(signingKeys);
    expect(rows).toHaveLength(2 + round);
    expect(
      rows.filter(({ activatedAt, retiredAt }) => activatedAt !== null && retiredAt === null),
    ).toHaveLength(1);
  }
});

test('replicas whose schedule is due at once rotate once between them, and follow each other', async () => {
  const replicas = [
    await started({ reloadMs: 10 }),
    await started({ db: await database.another(), reloadMs: 10 }),
  ];
  const before = replicas[0]?.signer().kid;
  now += 30 * DAY;
  await vi.waitFor(() => {
    for (const ring of replicas) expect(ring.signer().kid).not.toBe(before);
  }, 10_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
  expect(await database.db.select().from(signingKeys)).toHaveLength(3);
});

test('cut off from Postgres it signs and publishes on, says so, and catches up afterwards', async () => {
  const ring = await started({ reloadMs: 20 });
  const other = await started({ db: await database.another() });
  const { kid } = ring.signer();
  await database.cutOff();
  await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(1), 10_000);
  expect(ring.signer().kid).toBe(kid);

  now += LEAD;
  await other.rotate();
  expect(other.signer().kid).not.toBe(kid);
  // The others sign with a key that it publishes all the same, and they publish the key that it signs with.
  expect(kidsOf(ring)).toContain(other.signer().kid);
  expect(kidsOf(other)).toContain(ring.signer().kid);

  await database.reconnect();
  await vi.waitFor(() => expect(ring.signer().kid).toBe(other.signer().kid), 10_000);
});

test('it refuses to start with a key-encryption key that does not fit', async () => {
  await started();
  await expect(started({ keys: randomBytes(32).toString('base64url') })).rejects.toThrow(
    'KEY_ENCRYPTION_KEY does not fit this database',
  );
});

test('when the key-encryption key changes, what is under the old one is encrypted anew', async () => {
  const before = await started();
  const newer = randomBytes(32).toString('base64url');
  const during = await started({ keys: `${newer},${secret}` });
  expect(audited.filter((line) => line.startsWith('key.rewrapped'))).toHaveLength(2);
  const after = await started({ keys: newer });
  expect(new Set([before, during, after].map((ring) => ring.signer().kid)).size).toBe(1);
});

test('replicas that differ in which key-encryption key is first leave each other’s encryption alone', async () => {
  const newer = randomBytes(32).toString('base64url');
  const oldFirst = await started({ keys: `${secret},${newer}`, reloadMs: 10 });
  const newFirst = await started({ keys: `${newer},${secret}`, db: await database.another(), reloadMs: 10 });
  const encryption = async () =>
    (await database.db.select().from(signingKeys)).map((row) => [row.kid, row.encryptedPrivateKey]).sort();
  const afterTheStarts = await encryption();
  const rewrapped = () => audited.filter((line) => line.startsWith('key.rewrapped'));
  expect(rewrapped()).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await encryption()).toEqual(afterTheStarts);

  // What one makes, the other can use, and a rotation is no reason to encrypt anew either.
  for (const ring of [oldFirst, newFirst]) {
    now += LEAD;
    await ring.rotate();
  }
  await Promise.all([oldFirst.reload(), newFirst.reload()]);
  expect(oldFirst.signer().kid).toBe(newFirst.signer().kid);
  expect(rewrapped()).toHaveLength(2);
  expect(errors).toEqual([]);
});

test('a replica that lacks the new key-encryption key publishes on what it cannot open, and says so', async () => {
  const behind = await started();
  const { kid } = behind.signer();
  const ahead = await started({ keys: `${randomBytes(32).toString('base64url')},${secret}` });
  now += LEAD;
  await ahead.rotate();
  await behind.reload();
  expect(kidsOf(behind)).toEqual(kidsOf(ahead));
  expect(behind.signer().kid).toBe(kid);
  expect(errors).toEqual([expect.objectContaining({ kid: ahead.signer().kid })]);
});

test('a row that was swapped for another is refused', async () => {
  await started();
  const [one, other] = await database.db.select().from(signingKeys);
  await database.db.update(signingKeys).set({ encryptedPrivateKey: one?.encryptedPrivateKey ?? '' });
  expect(other).toBeDefined();
  await expect(started()).rejects.toThrow('was changed in the database, or moved there from another row');
});

test('Postgres itself refuses a second active key', async () => {
  const ring = await started();
  await expect(database.db.update(signingKeys).set({ activatedAt: new Date(now) })).rejects.toMatchObject({
    cause: { constraint: 'signing_keys_one_active' },
  });
  expect(ring.signer()).toBeDefined();
});

test('the command works without a start, and before one it makes the first key', async () => {
  expect(await keyRing().rotate()).toMatchObject({ action: 'activated' });
  await expect(keyRing().rotate()).rejects.toMatchObject({ code: 'rotation_too_early' });
  expect(() => keyRing().signer()).toThrow('it was not started');
});

describe('revoking a key', () => {
  const entry = (kid: string) => ({ kind: 'key', id: kid, reason: 'key_revoked' });

  test('that signs: the next one signs at once, another is made to follow, and everybody is told afterwards', async () => {
    const ring = await started();
    const { kid } = ring.signer();
    const next = kidsOf(ring).find((other) => other !== kid);
    let rowWhenTold: { removedAt: Date | null } | undefined;
    onPublish = async () => {
      [rowWhenTold] = await database.db.select().from(signingKeys).where(eq(signingKeys.kid, kid));
    };
    const result = await ring.revoke(kid, { subject: 'operator' });
    expect(result).toEqual({ action: 'revoked', kid, activated: next, next: expect.any(String) });
    expect(ring.signer().kid).toBe(next);
    expect(kidsOf(ring).sort()).toEqual([next, result.next].sort());
    expect(await states(ring)).toEqual({
      [kid]: 'gone',
      [String(next)]: 'active',
      [String(result.next)]: 'next',
    });
    expect(published).toEqual([entry(kid)]);
    expect(rowWhenTold).toMatchObject({
      removedAt: expect.any(Date),
      encryptedPrivateKey: null,
      kekId: null,
    });
    expect(audited.slice(-3)).toEqual([
      `key.revoked ${kid}`,
      `key.activated ${next}`,
      `key.published ${result.next}`,
    ]);
  });

  test('that waits: another one waits, and the one that signs is as before', async () => {
    const ring = await started();
    const signer = ring.signer();
    const [next] = kidsOf(ring).filter((kid) => kid !== signer.kid) as [string];
    const result = await ring.revoke(next);
    expect(result).toEqual({ action: 'revoked', kid: next, next: expect.any(String) });
    expect(ring.signer()).toBe(signer);
    expect(kidsOf(ring).sort()).toEqual([signer.kid, result.next].sort());
    expect(published).toEqual([entry(next)]);
    // It has never signed, and its row says so.
    const listed = (await ring.list()).find(({ kid }) => kid === next);
    expect(listed).toMatchObject({ state: 'gone', activatedAt: null, retiredAt: null });
  });

  test('that retires: it leaves the set before its tokens have expired', async () => {
    const ring = await started();
    const { kid } = ring.signer();
    now += LEAD;
    await ring.rotate();
    expect(await ring.revoke(kid)).toEqual({ action: 'revoked', kid });
    expect(kidsOf(ring)).toHaveLength(2);
    expect(kidsOf(ring)).not.toContain(kid);
    expect(published).toEqual([entry(kid)]);
  });

  test('that is gone says so to everybody once more; one that nobody knows is not found', async () => {
    const ring = await started();
    const { kid } = ring.signer();
    await ring.revoke(kid);
    const after = kidsOf(ring);
    expect(await ring.revoke(kid)).toEqual({ action: 'revoked', kid });
    expect(kidsOf(ring)).toEqual(after);
    expect(published).toEqual([entry(kid), entry(kid)]);
    expect(audited.filter((line) => line === `key.revoked ${kid}`)).toHaveLength(2);
    await expect(ring.revoke('stranger')).rejects.toMatchObject({ status: 404, code: 'key_not_found' });
    expect(published).toHaveLength(2);
  });

  test('half-way, when nobody can be told, is completed by the same call', async () => {
    const ring = await started();
    const { kid } = ring.signer();
    onPublish = () => Promise.reject(new Error('nobody there'));
    await expect(ring.revoke(kid)).rejects.toThrow('nobody there');
    // What is in the database is in the set, too.
    expect(kidsOf(ring)).toHaveLength(2);
    expect(kidsOf(ring)).not.toContain(kid);
    onPublish = async () => {};
    await ring.revoke(kid);
    expect(published).toEqual([entry(kid), entry(kid)]);
    expect(await database.db.select().from(signingKeys)).toHaveLength(3);
  });

  test('at two replicas at once, while both are told to rotate, leaves one that signs and one to follow', async () => {
    const replicas = [await started(), await started({ db: await database.another() })] as const;
    for (let round = 1; round <= 5; round += 1) {
      now += LEAD;
      const { kid } = replicas[0].signer();
      await Promise.allSettled(
        replicas.flatMap((ring) => [ring.revoke(kid), ring.rotate(), ring.revoke(kid)]),
      );
      for (const ring of replicas) await ring.reload();
      const found = Object.values(await states(replicas[0]));
      expect(found.filter((state) => state === 'active')).toHaveLength(1);
      expect(found.filter((state) => state === 'next')).toHaveLength(1);
      expect(replicas[0].signer().kid).toBe(replicas[1].signer().kid);
      expect(kidsOf(replicas[0])).not.toContain(kid);
      expect(kidsOf(replicas[1])).toEqual(kidsOf(replicas[0]));
    }
  });

  test('is followed by a replica that hears of it, at once, and with what was made in its place soon', async () => {
    const [ring, other] = [await started(), await started({ db: await database.another() })];
    const { kid } = ring.signer();
    await ring.revoke(kid);
    expect(other.signer().kid).toBe(kid);
    other.hear([{ kind: 'session', id: '0-abc', reason: 'sign_out' }, entry(kid) as Revocation]);
    expect(other.signer().kid).toBe(ring.signer().kid);
    expect(kidsOf(other)).not.toContain(kid);
    await vi.waitFor(() => expect(kidsOf(other)).toEqual(kidsOf(ring)), 5000);
  });

  test('is followed without Postgres, too', async () => {
    const [ring, other] = [await started({ reloadMs: 20 }), await started({ db: await database.another() })];
    const { kid } = ring.signer();
    await database.cutOff();
    await other.revoke(kid);
    ring.hear(published);
    await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(1), 10_000);
    expect(kidsOf(ring)).toEqual([other.signer().kid]);
    expect(ring.signer().kid).toBe(other.signer().kid);
    await database.reconnect();
    await vi.waitFor(() => expect(kidsOf(ring)).toEqual(kidsOf(other)), 10_000);
  });

  test('leaves a replica that cannot open the one that signs instead with nothing to sign with', async () => {
    const behind = await started();
    const ahead = await started({ keys: `${randomBytes(32).toString('base64url')},${secret}` });
    const revoked = behind.signer().kid;
    // The next key is under the newer key-encryption key already: the start has seen to that.
    await ahead.revoke(revoked);
    await behind.reload();
    expect(kidsOf(behind)).toEqual(kidsOf(ahead));
    expect(() => behind.signer()).toThrow(
      expect.objectContaining({ status: 503, code: 'no_signing_key', headers: { 'retry-after': '1' } }),
    );
    expect(errors).toContainEqual(expect.objectContaining({ kid: ahead.signer().kid }));
  });

  test('needs no start', async () => {
    const ring = await started();
    const { kid } = ring.signer();
    expect(await keyRing().revoke(kid)).toMatchObject({ action: 'revoked', kid });
    await ring.reload();
    expect(ring.signer().kid).not.toBe(kid);
  });
});
