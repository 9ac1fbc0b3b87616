import { and, desc, eq, gt, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm';
import { type Database, type PublicJwk, signingKeys, type Transaction } from '../database/schema.ts';
import type { KeyTimes } from './life-cycle.ts';

/** A row of signing_keys. */
export type KeyRecord = KeyTimes & {
  readonly publicJwk: PublicJwk;
  /** Null once the key has retired. */
  readonly encryptedPrivateKey: string | null;
  readonly kekId: string | null;
};

export type NewKeyRecord = {
  readonly publicJwk: PublicJwk;
  readonly encryptedPrivateKey: string;
  readonly kekId: string;
};

// Any number that nothing else in this database uses; this one is "keyr" in ASCII.
const rotationLock = 0x6b65_7972;
const maxListed = 100;

/** Reads the published keys, the oldest first. */
export async function readPublishedKeys(db: Database | Transaction): Promise<KeyRecord[]> {
  const rows = await db
    .select()
    .from(signingKeys)
    .where(isNull(signingKeys.removedAt))
    .orderBy(signingKeys.publishedAt, signingKeys.kid);
  return rows.map(recordOf);
}

/** Reads the published keys and those that retired after `since`, the oldest first. */
export async function readKeysSince(db: Database, since: number): Promise<KeyRecord[]> {
  const rows = await db
    .select()
    .from(signingKeys)
    .where(or(isNull(signingKeys.removedAt), gt(signingKeys.retiredAt, new Date(since))))
    .orderBy(signingKeys.publishedAt, signingKeys.kid);
  return rows.map(recordOf);
}

/** Reads these keys, published or gone. Leaves out those that there are not. */
export async function readKeys(
  db: Database,
  keys: readonly { readonly kid: string }[],
): Promise<KeyRecord[]> {
  const kids = keys.map(({ kid }) => kid);
  const rows = await db.select().from(signingKeys).where(inArray(signingKeys.kid, kids));
  return rows.map(recordOf);
}

/** Reads the newest hundred keys, including keys that are gone. */
export async function readLatestKeys(db: Database): Promise<KeyRecord[]> {
  const rows = await db.select().from(signingKeys).orderBy(desc(signingKeys.publishedAt)).limit(maxListed);
  return rows.map(recordOf);
}

/**
 * Takes the lock under which one replica at a time changes keys. It ends with the transaction, also after a crash.
 *
 * @returns false when `wait` is not set and another replica has the lock
 */
export async function lockKeys(transaction: Transaction, { wait }: { wait: boolean }): Promise<boolean> {
  if (wait) {
    await transaction.execute(sql`select pg_advisory_xact_lock(${rotationLock})`);
    return true;
  }
  const answer = await transaction.execute<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(${rotationLock}) as locked`,
  );
  return answer.rows[0]?.locked === true;
}

export async function insertKey(
  transaction: Transaction,
  key: NewKeyRecord,
  times: { publishedAt: number; activatedAt: number | null },
): Promise<void> {
  await transaction.insert(signingKeys).values({
    ...key,
    kid: key.publicJwk.kid,
    publishedAt: new Date(times.publishedAt),
    activatedAt: times.activatedAt === null ? null : new Date(times.activatedAt),
  });
}

/** Activates a key, retires the active one and erases its private half. Returns the kid of the retired key. */
export async function activateKey(
  transaction: Transaction,
  kid: string,
  now: number,
): Promise<string | undefined> {
  const [retired] = await transaction
    .update(signingKeys)
    .set({ retiredAt: new Date(now), encryptedPrivateKey: null, kekId: null })
    .where(and(isNotNull(signingKeys.activatedAt), isNull(signingKeys.retiredAt)))
    .returning({ kid: signingKeys.kid });
  await transaction
    .update(signingKeys)
    .set({ activatedAt: new Date(now) })
    .where(eq(signingKeys.kid, kid));
  return retired?.kid;
}

export async function removeKey(transaction: Transaction, kid: string, now: number): Promise<void> {
  await transaction
    .update(signingKeys)
    .set({ removedAt: new Date(now) })
    .where(eq(signingKeys.kid, kid));
}

/** Removes a key from the set, whatever its state is, and erases its private half. */
export async function revokeKey(transaction: Transaction, kid: string, now: number): Promise<void> {
  const at = new Date(now);
  // A next key has never signed, so it has no retirement time.
  const retiredAt = sql`case when ${signingKeys.activatedAt} is null then null else coalesce(${signingKeys.retiredAt}, ${at}) end`;
  await transaction
    .update(signingKeys)
    .set({ removedAt: at, retiredAt, encryptedPrivateKey: null, kekId: null })
    .where(eq(signingKeys.kid, kid));
}

/** Makes a key that is gone one that was revoked (see wasRevoked). Returns false when there is no such key. */
export async function revokeGoneKey(transaction: Transaction, kid: string): Promise<boolean> {
  const removedAt = sql`least(${signingKeys.removedAt}, ${signingKeys.retiredAt})`;
  const rows = await transaction
    .update(signingKeys)
    .set({ removedAt })
    .where(eq(signingKeys.kid, kid))
    .returning({ kid: signingKeys.kid });
  return rows.length > 0;
}

export async function replaceEncryption(
  transaction: Transaction,
  kid: string,
  encryption: { encryptedPrivateKey: string; kekId: string },
): Promise<void> {
  await transaction.update(signingKeys).set(encryption).where(eq(signingKeys.kid, kid));
}

function recordOf(row: typeof signingKeys.$inferSelect): KeyRecord {
  return {
    kid: row.kid,
    publicJwk: row.publicJwk,
    encryptedPrivateKey: row.encryptedPrivateKey,
    kekId: row.kekId,
    publishedAt: row.publishedAt.getTime(),
    activatedAt: row.activatedAt?.getTime() ?? null,
    retiredAt: row.retiredAt?.getTime() ?? null,
    removedAt: row.removedAt?.getTime() ?? null,
  };
}
