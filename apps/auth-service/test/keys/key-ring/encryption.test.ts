import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signingKeys } from '../../../src/database/schema.ts';
import { type KeyRingFixture, kidsOf, lead, openKeyRings } from './fixture.ts';

let rings: KeyRingFixture;
beforeEach(async () => {
  rings = await openKeyRings();
});
afterEach(() => rings.close());

test('a private key is in the database encrypted, and is erased when it retires', async () => {
  const ring = await rings.started();
  const rows = await rings.database.db.select().from(signingKeys);
  for (const row of rows) {
    expect(row.encryptedPrivateKey).toMatch(/^v1\./);
    expect(Object.keys(row.publicJwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  }
  const before = ring.signer().kid;
  rings.now += lead;
  await ring.rotate();
  const retired = (await rings.database.db.select().from(signingKeys)).find(({ kid }) => kid === before);
  expect(retired).toMatchObject({ encryptedPrivateKey: null, kekId: null });
});

test('it refuses to start with a key-encryption key that does not fit', async () => {
  await rings.started();
  await expect(rings.started({ keys: randomBytes(32).toString('base64url') })).rejects.toThrow(
    'KEY_ENCRYPTION_KEY does not fit this database',
  );
});

test('when the key-encryption key changes, keys under the old one are encrypted again', async () => {
  const before = await rings.started();
  const newer = randomBytes(32).toString('base64url');
  const during = await rings.started({ keys: `${newer},${rings.secret}` });
  expect(rings.audited.filter((line) => line.startsWith('key.rewrapped'))).toHaveLength(2);
  const after = await rings.started({ keys: newer });
  expect(new Set([before, during, after].map((ring) => ring.signer().kid)).size).toBe(1);
});

test('replicas that differ in which key-encryption key is first leave each other’s encryption alone', async () => {
  const newer = randomBytes(32).toString('base64url');
  const oldFirst = await rings.started({ keys: `${rings.secret},${newer}`, reloadMs: 10 });
  const newFirst = await rings.started({
    keys: `${newer},${rings.secret}`,
    db: await rings.database.another(),
    reloadMs: 10,
  });
  const encryption = async () =>
    (await rings.database.db.select().from(signingKeys))
      .map((row) => [row.kid, row.encryptedPrivateKey])
      .sort();
  const afterTheStarts = await encryption();
  const rewrapped = () => rings.audited.filter((line) => line.startsWith('key.rewrapped'));
  expect(rewrapped()).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await encryption()).toEqual(afterTheStarts);

  // Each ring can use the other's keys, and a rotation does not encrypt them again.
  for (const ring of [oldFirst, newFirst]) {
    rings.now += lead;
    await ring.rotate();
  }
  await Promise.all([oldFirst.reload(), newFirst.reload()]);
  expect(oldFirst.signer().kid).toBe(newFirst.signer().kid);
  expect(rewrapped()).toHaveLength(2);
  expect(rings.errors).toEqual([]);
});

test('a replica that lacks the new key-encryption key goes on publishing keys that it cannot decrypt, and says so', async () => {
  const behind = await rings.started();
  const { kid } = behind.signer();
  const ahead = await rings.started({ keys: `${randomBytes(32).toString('base64url')},${rings.secret}` });
  rings.now += lead;
  await ahead.rotate();
  await behind.reload();
  expect(kidsOf(behind)).toEqual(kidsOf(ahead));
  expect(behind.signer().kid).toBe(kid);
  expect(rings.errors).toEqual([expect.objectContaining({ kid: ahead.signer().kid })]);
});

test('a row that was swapped for another is refused', async () => {
  await rings.started();
  const [one, other] = await rings.database.db.select().from(signingKeys);
  await rings.database.db.update(signingKeys).set({ encryptedPrivateKey: one?.encryptedPrivateKey ?? '' });
  expect(other).toBeDefined();
  await expect(rings.started()).rejects.toThrow(
    'was changed in the database, or moved there from another row',
  );
});
