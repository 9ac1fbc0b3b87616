import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signingKeys } from '../../../src/database/schema.ts';
import {
  hintKidsOf,
  type KeyRingFixture,
  kidsOf,
  lead,
  openKeyRings,
  second,
  start,
  states,
} from './fixture.ts';

const day = 86_400_000;

let rings: KeyRingFixture;
beforeEach(async () => {
  rings = await openKeyRings();
});
afterEach(() => rings.close());

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
  const ring = await rings.started();
  const { kid } = ring.signer();
  expect(ring.jwks().keys).toHaveLength(2);
  expect(signs(ring.signer(), ring.jwks().keys.find((key) => key.kid === kid) ?? {})).toBe(true);
  expect(Object.values(await states(ring)).sort()).toEqual(['active', 'next']);
  expect(rings.audited.map((line) => line.split(' ')[0])).toEqual([
    'key.published',
    'key.activated',
    'key.published',
  ]);
});

test('a rotation is refused until everybody has had time to fetch the next key, and says when', async () => {
  const ring = await rings.started();
  const { kid: first } = ring.signer();
  const next = kidsOf(ring).find((kid) => kid !== first);
  rings.now += lead - 1;
  await expect(ring.rotate()).rejects.toMatchObject({
    status: 409,
    code: 'rotation_too_early',
    headers: { 'retry-after': '1' },
    message: expect.stringContaining(new Date(start + lead).toISOString()),
  });
  expect(ring.signer().kid).toBe(first);

  rings.now += 1;
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
  const ring = await rings.started({ reloadMs: 10 });
  const { kid: first } = ring.signer();
  rings.now += 30 * day;
  await eventually('another key signs', () => expect(ring.signer().kid).not.toBe(first));
  expect(kidsOf(ring)).toContain(first);
  rings.now += 329 * second;
  await ring.reload();
  expect(kidsOf(ring)).toContain(first);
  rings.now += second;
  await eventually('the first key is not published any more', () =>
    expect(kidsOf(ring)).not.toContain(first),
  );
  expect(await states(ring)).toMatchObject({ [first]: 'gone' });
  expect(rings.audited).toContain(`key.removed ${first}`);
});

test('a retired key proves for an hour that an ID token is ours, though it has left the set, at every replica', async () => {
  const ring = await rings.started();
  const { kid } = ring.signer();
  expect(hintKidsOf(ring)).toEqual(kidsOf(ring));
  rings.now += lead;
  await ring.rotate();
  rings.now += 330 * second;
  await ring.rotate();
  expect(kidsOf(ring)).not.toContain(kid);
  for (const replica of [ring, await rings.started()]) expect(hintKidsOf(replica)).toContain(kid);
  rings.now += (3600 - 330) * second;
  await ring.reload();
  expect(hintKidsOf(ring)).not.toContain(kid);
});

test('the signer and the set are the same objects until something changes', async () => {
  const ring = await rings.started();
  const before = [ring.signer(), ring.jwks()];
  await ring.reload();
  expect(ring.signer()).toBe(before[0]);
  expect(ring.jwks()).toBe(before[1]);
  rings.now += lead;
  await ring.rotate();
  expect(ring.signer()).not.toBe(before[0]);
  expect(ring.jwks()).not.toBe(before[1]);
});

test('replicas that start at once in an empty database make one lineage', async () => {
  const replicas = await Promise.all(
    [1, 2, 3].map(async () => rings.create({ db: await rings.database.another() })),
  );
  await Promise.all(replicas.map((ring) => ring.start()));
  expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
  expect(new Set(replicas.map((ring) => kidsOf(ring).join())).size).toBe(1);
  expect(await rings.database.db.select().from(signingKeys)).toHaveLength(2);
});

test('of replicas that are told to rotate at once, one does, and the others say that it is too early', async () => {
  const replicas = [await rings.started(), await rings.started({ db: await rings.database.another() })];
  for (let round = 1; round <= 5; round += 1) {
    rings.now += lead;
    const results = await Promise.allSettled(replicas.flatMap((ring) => [ring.rotate(), ring.rotate()]));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'rotation_too_early' });
    }
    await Promise.all(replicas.map((ring) => ring.reload()));
    expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
    const rows = await rings.database.db.select().from(signingKeys);
    expect(rows).toHaveLength(2 + round);
    expect(
      rows.filter(({ activatedAt, retiredAt }) => activatedAt !== null && retiredAt === null),
    ).toHaveLength(1);
  }
});

test('replicas whose schedule is due at once rotate once between them, and follow each other', async () => {
  const replicas = [
    await rings.started({ reloadMs: 10 }),
    await rings.started({ db: await rings.database.another(), reloadMs: 10 }),
  ];
  const before = replicas[0]?.signer().kid;
  rings.now += 30 * day;
  await eventually('another key signs at every replica', () => {
    for (const ring of replicas) expect(ring.signer().kid).not.toBe(before);
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(new Set(replicas.map((ring) => ring.signer().kid)).size).toBe(1);
  expect(await rings.database.db.select().from(signingKeys)).toHaveLength(3);
});

test('cut off from Postgres it goes on signing and publishing, says so, and catches up afterwards', async () => {
  const ring = await rings.started({ reloadMs: 20 });
  const other = await rings.started({ db: await rings.database.another() });
  const { kid } = ring.signer();
  await rings.database.cutOff();
  await eventually('there has been more than one warning', () =>
    expect(rings.warnings.length).toBeGreaterThan(1),
  );
  expect(ring.signer().kid).toBe(kid);

  rings.now += lead;
  await other.rotate();
  expect(other.signer().kid).not.toBe(kid);
  // Each publishes the key that the other signs with, even though the two keys differ.
  expect(kidsOf(ring)).toContain(other.signer().kid);
  expect(kidsOf(other)).toContain(ring.signer().kid);

  await rings.database.reconnect();
  await eventually('the replica signs with the same key as the other', () =>
    expect(ring.signer().kid).toBe(other.signer().kid),
  );
});

test('Postgres itself refuses a second active key', async () => {
  const ring = await rings.started();
  await expect(
    rings.database.db.update(signingKeys).set({ activatedAt: new Date(rings.now) }),
  ).rejects.toMatchObject({
    cause: { constraint: 'signing_keys_one_active' },
  });
  expect(ring.signer()).toBeDefined();
});

test('the command works without a start, and before one it makes the first key', async () => {
  expect(await rings.create().rotate()).toMatchObject({ action: 'activated' });
  await expect(rings.create().rotate()).rejects.toMatchObject({ code: 'rotation_too_early' });
  expect(() => rings.create().signer()).toThrow('it was not started');
});
