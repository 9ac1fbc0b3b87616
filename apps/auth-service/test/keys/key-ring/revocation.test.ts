import { randomBytes } from 'node:crypto';
import type { Revocation } from '@latchkey/auth-client';
import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signingKeys } from '../../../src/database/schema.ts';
import { hintKidsOf, type KeyRingFixture, kidsOf, lead, openKeyRings, second, states } from './fixture.ts';

let rings: KeyRingFixture;
beforeEach(async () => {
  rings = await openKeyRings();
});
afterEach(() => rings.close());

describe('revoking a key', () => {
  const entry = (kid: string) => ({ kind: 'key', id: kid, reason: 'key_revoked' });

  test('that signs: the next one signs at once, another is made to follow, and everybody is told afterwards', async () => {
    const ring = await rings.started();
    const { kid } = ring.signer();
    const next = kidsOf(ring).find((other) => other !== kid);
    let rowWhenTold: { removedAt: Date | null } | undefined;
    rings.onPublish = async () => {
      [rowWhenTold] = await rings.database.db.select().from(signingKeys).where(eq(signingKeys.kid, kid));
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
    expect(rings.published).toEqual([entry(kid)]);
    expect(rowWhenTold).toMatchObject({
      removedAt: expect.any(Date),
      encryptedPrivateKey: null,
      kekId: null,
    });
    expect(rings.audited.slice(-3)).toEqual([
      `key.revoked ${kid}`,
      `key.activated ${next}`,
      `key.published ${result.next}`,
    ]);
  });

  test('that waits: another one waits, and the one that signs is as before', async () => {
    const ring = await rings.started();
    const signer = ring.signer();
    const [next] = kidsOf(ring).filter((kid) => kid !== signer.kid) as [string];
    const result = await ring.revoke(next);
    expect(result).toEqual({ action: 'revoked', kid: next, next: expect.any(String) });
    expect(ring.signer()).toBe(signer);
    expect(kidsOf(ring).sort()).toEqual([signer.kid, result.next].sort());
    expect(rings.published).toEqual([entry(next)]);
    // The key has never signed, and its row says so.
    const listed = (await ring.list()).find(({ kid }) => kid === next);
    expect(listed).toMatchObject({ state: 'gone', activatedAt: null, retiredAt: null });
  });

  test('that retires: it leaves the set before its tokens have expired', async () => {
    const ring = await rings.started();
    const { kid } = ring.signer();
    rings.now += lead;
    await ring.rotate();
    expect(await ring.revoke(kid)).toEqual({ action: 'revoked', kid });
    expect(kidsOf(ring)).toHaveLength(2);
    expect(kidsOf(ring)).not.toContain(kid);
    expect(rings.published).toEqual([entry(kid)]);
  });

  test('that is gone tells everybody again; an unknown key is not found', async () => {
    const ring = await rings.started();
    const { kid } = ring.signer();
    await ring.revoke(kid);
    const after = kidsOf(ring);
    expect(await ring.revoke(kid)).toEqual({ action: 'revoked', kid });
    expect(kidsOf(ring)).toEqual(after);
    expect(rings.published).toEqual([entry(kid), entry(kid)]);
    expect(rings.audited.filter((line) => line === `key.revoked ${kid}`)).toHaveLength(2);
    await expect(ring.revoke('stranger')).rejects.toMatchObject({ status: 404, code: 'key_not_found' });
    expect(rings.published).toHaveLength(2);
  });

  test.each([
    ['while it signs', 0],
    ['while it retires', lead],
    ['when it has left the set', 330 * second],
  ])('%s, takes its ID tokens their worth, at every replica', async (_, afterMs) => {
    const [ring, other] = [
      await rings.started(),
      await rings.started({ db: await rings.database.another() }),
    ];
    const { kid } = ring.signer();
    if (afterMs > 0) {
      rings.now += lead;
      await ring.rotate();
      rings.now += afterMs;
      await ring.rotate();
      await other.reload();
    }
    expect(hintKidsOf(other)).toContain(kid);
    await ring.revoke(kid);
    other.applyRevocations([entry(kid) as Revocation]);
    const replicas = [ring, other, await rings.started()];
    for (const replica of replicas) expect(hintKidsOf(replica)).not.toContain(kid);
    for (const replica of replicas) await replica.reload();
    for (const replica of replicas) expect(hintKidsOf(replica)).not.toContain(kid);
  });

  test('half-way, when nobody can be told, is completed by the same call', async () => {
    const ring = await rings.started();
    const { kid } = ring.signer();
    rings.onPublish = () => Promise.reject(new Error('nobody there'));
    await expect(ring.revoke(kid)).rejects.toThrow('nobody there');
    // The key set contains every key in the database.
    expect(kidsOf(ring)).toHaveLength(2);
    expect(kidsOf(ring)).not.toContain(kid);
    rings.onPublish = async () => {};
    await ring.revoke(kid);
    expect(rings.published).toEqual([entry(kid), entry(kid)]);
    expect(await rings.database.db.select().from(signingKeys)).toHaveLength(3);
  });

  test('at two replicas at once, while both are told to rotate, leaves one active and one next key', async () => {
    const replicas = [
      await rings.started(),
      await rings.started({ db: await rings.database.another() }),
    ] as const;
    for (let round = 1; round <= 5; round += 1) {
      rings.now += lead;
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

  test('is followed at once by a replica that is told of it, and the new key soon arrives there, too', async () => {
    const [ring, other] = [
      await rings.started(),
      await rings.started({ db: await rings.database.another() }),
    ];
    const { kid } = ring.signer();
    await ring.revoke(kid);
    expect(other.signer().kid).toBe(kid);
    other.applyRevocations([{ kind: 'session', id: '0-abc', reason: 'sign_out' }, entry(kid) as Revocation]);
    expect(other.signer().kid).toBe(ring.signer().kid);
    expect(kidsOf(other)).not.toContain(kid);
    await eventually('the other replica has the same keys', () =>
      expect(kidsOf(other)).toEqual(kidsOf(ring)),
    );
  });

  test('is told from a key that expired: a replica that is told by Postgres alone knows which it was', async () => {
    const ring = await rings.started();
    const known: string[] = [];
    const other = await rings.started({
      onRevoked: (revocations) =>
        void known.push(...revocations.flatMap((one) => (one.kind === 'key' ? one.id : []))),
    });
    const { kid: expiring } = ring.signer();
    rings.now += lead;
    await ring.rotate();
    await other.reload();
    const { kid: revoked } = ring.signer();
    rings.now += lead;
    await ring.revoke(revoked);
    await other.reload();
    expect(known).toEqual([revoked]);
    // Revokes no key, but removes the one that has retired long enough.
    rings.now += 330 * second - lead;
    await ring.rotate();
    await other.reload();
    expect(kidsOf(other)).not.toContain(expiring);
    expect(known).toEqual([revoked]);
  });

  test('is taken for none when a replica that was cut off misses the end of a key', async () => {
    const ring = await rings.started();
    const known: Revocation[] = [];
    const other = await rings.started({ onRevoked: (revocations) => void known.push(...revocations) });
    const { kid } = ring.signer();
    rings.now += lead;
    await ring.rotate();
    rings.now += 330 * second;
    await ring.rotate();
    await other.reload();
    expect(kidsOf(other)).not.toContain(kid);
    expect(known).toEqual([]);
  });

  test('is taken for none when the database has lost the keys', async () => {
    const known: Revocation[] = [];
    const ring = await rings.started({ onRevoked: (revocations) => void known.push(...revocations) });
    await rings.database.db.delete(signingKeys);
    await ring.reload();
    expect(kidsOf(ring)).toEqual([]);
    expect(known).toEqual([]);
  });

  test('is followed without Postgres, too', async () => {
    const [ring, other] = [
      await rings.started({ reloadMs: 20 }),
      await rings.started({ db: await rings.database.another() }),
    ];
    const { kid } = ring.signer();
    await rings.database.cutOff();
    await other.revoke(kid);
    ring.applyRevocations(rings.published);
    await eventually('there has been more than one warning', () =>
      expect(rings.warnings.length).toBeGreaterThan(1),
    );
    expect(kidsOf(ring)).toEqual([other.signer().kid]);
    expect(ring.signer().kid).toBe(other.signer().kid);
    await rings.database.reconnect();
    await eventually('the replica has caught up with the keys', () =>
      expect(kidsOf(ring)).toEqual(kidsOf(other)),
    );
  });

  test('leaves a replica that cannot decrypt the next key without a key that signs', async () => {
    const behind = await rings.started();
    const ahead = await rings.started({ keys: `${randomBytes(32).toString('base64url')},${rings.secret}` });
    const revoked = behind.signer().kid;
    // The start has already encrypted the next key with the newer key-encryption key.
    await ahead.revoke(revoked);
    await behind.reload();
    expect(kidsOf(behind)).toEqual(kidsOf(ahead));
    expect(() => behind.signer()).toThrow(
      expect.objectContaining({ status: 503, code: 'no_signing_key', headers: { 'retry-after': '1' } }),
    );
    expect(rings.errors).toContainEqual(expect.objectContaining({ kid: ahead.signer().kid }));
  });

  test('works before the key ring has been started', async () => {
    const ring = await rings.started();
    const { kid } = ring.signer();
    expect(await rings.create().revoke(kid)).toMatchObject({ action: 'revoked', kid });
    await ring.reload();
    expect(ring.signer().kid).not.toBe(kid);
  });
});
