import type { Transaction } from '../database/schema.ts';
import { privateKeyLabel } from './encryption.ts';
import { carryOut, type KeyChange, type KeyRoom, prepareKeys } from './key-changes.ts';
import { type KeyRecord, lockKeys, readPublishedKeys, replaceEncryption } from './key-store.ts';
import { planRotation, type RotationPlan } from './life-cycle.ts';

export type RotationOutcome = {
  readonly changes: readonly KeyChange[];
  readonly refusedUntil?: number;
};

/** Says whether carryOutRotation would find something to do. */
export function isRotationDue(
  room: KeyRoom,
  keys: readonly KeyRecord[],
  { rewrap }: { readonly rewrap: boolean },
): boolean {
  const { actions } = planRotation({ keys, now: room.clock(), policy: room.policy });
  return actions.length > 0 || (rewrap && keys.some((key) => isUnderOldKey(room, key)));
}

/**
 * Does what is due: decides again under the lock, since another replica may have been faster, and changes all or
 * nothing. With `wait`, waits for a replica that is at it; without, leaves it to that one.
 */
export async function carryOutRotation(
  room: KeyRoom,
  how: { readonly commanded: boolean; readonly wait: boolean; readonly rewrap: boolean },
): Promise<RotationOutcome> {
  const expected = planFor(room, await readPublishedKeys(room.db), how);
  const prepared = await prepareKeys(room, expected.actions);
  return room.db.transaction(async (transaction) => {
    if (!(await lockKeys(transaction, how))) return { changes: [] };
    const keys = await readPublishedKeys(transaction);
    const plan = planFor(room, keys, how);
    const changes = await carryOut(room, transaction, { actions: plan.actions, keys, prepared });
    // At a start only: while the setting is being rolled out, two replicas would else undo each other's work for ever.
    if (how.rewrap) changes.push(...(await rewrap(room, transaction, await readPublishedKeys(transaction))));
    return { ...plan, changes };
  });
}

function planFor(room: KeyRoom, keys: readonly KeyRecord[], how: { commanded: boolean }): RotationPlan {
  return planRotation({ keys, now: room.clock(), policy: room.policy, commanded: how.commanded });
}

/** Re-encrypts private keys that are under an older key-encryption key, so that it can be taken away. */
async function rewrap(room: KeyRoom, transaction: Transaction, keys: KeyRecord[]): Promise<KeyChange[]> {
  const { encryption } = room;
  const changes: KeyChange[] = [];
  for (const key of keys) {
    if (!isUnderOldKey(room, key) || key.encryptedPrivateKey === null) continue;
    const label = privateKeyLabel(key.kid);
    const encryptedPrivateKey = encryption.encrypt(encryption.decrypt(key.encryptedPrivateKey, label), label);
    await replaceEncryption(transaction, key.kid, { encryptedPrivateKey, kekId: encryption.currentId });
    changes.push({ change: 'rewrapped', kid: key.kid });
  }
  return changes;
}

function isUnderOldKey({ encryption }: KeyRoom, key: KeyRecord): boolean {
  return key.kekId !== null && key.kekId !== encryption.currentId;
}
