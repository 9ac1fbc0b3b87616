import type { Transaction } from '../database/schema.ts';
import { privateKeyLabel } from './encryption.ts';
import { carryOut, type KeyChange, type KeyContext, prepareKeys } from './key-changes.ts';
import { type KeyRecord, lockKeys, readPublishedKeys, replaceEncryption } from './key-store.ts';
import { planRotation, type RotationPlan } from './life-cycle.ts';

export type RotationOutcome = {
  readonly changes: readonly KeyChange[];
  readonly refusedUntil?: number;
};

/** Whether carryOutRotation would have something to do. */
export function isRotationDue(
  context: KeyContext,
  keys: readonly KeyRecord[],
  { rewrap }: { readonly rewrap: boolean },
): boolean {
  const { actions } = planRotation({ keys, now: context.clock(), policy: context.policy });
  return actions.length > 0 || (rewrap && keys.some((key) => isUnderOldKey(context, key)));
}

/**
 * Carries out what is due, in one transaction. Plans again under the lock, because another replica may have been
 * faster. If another replica holds the lock, this call waits for it (`wait`) or does nothing.
 */
export async function carryOutRotation(
  context: KeyContext,
  how: { readonly commanded: boolean; readonly wait: boolean; readonly rewrap: boolean },
): Promise<RotationOutcome> {
  const expected = planFor(context, await readPublishedKeys(context.db), how);
  const prepared = await prepareKeys(context, expected.actions);
  return context.db.transaction(async (transaction) => {
    if (!(await lockKeys(transaction, how))) return { changes: [] };
    const keys = await readPublishedKeys(transaction);
    const plan = planFor(context, keys, how);
    const changes = await carryOut(context, transaction, { actions: plan.actions, keys, prepared });
    // Only at a start: during the rollout of the setting, two polling replicas would undo each other's work for ever.
    if (how.rewrap)
      changes.push(...(await rewrap(context, transaction, await readPublishedKeys(transaction))));
    return { ...plan, changes };
  });
}

function planFor(context: KeyContext, keys: readonly KeyRecord[], how: { commanded: boolean }): RotationPlan {
  return planRotation({ keys, now: context.clock(), policy: context.policy, commanded: how.commanded });
}

/** Re-encrypts private keys that are under an older key-encryption key, so that the old key can be removed. */
async function rewrap(
  context: KeyContext,
  transaction: Transaction,
  keys: KeyRecord[],
): Promise<KeyChange[]> {
  const { encryption } = context;
  const changes: KeyChange[] = [];
  for (const key of keys) {
    if (!isUnderOldKey(context, key) || key.encryptedPrivateKey === null) continue;
    const label = privateKeyLabel(key.kid);
    const encryptedPrivateKey = encryption.encrypt(encryption.decrypt(key.encryptedPrivateKey, label), label);
    await replaceEncryption(transaction, key.kid, { encryptedPrivateKey, kekId: encryption.currentId });
    changes.push({ change: 'rewrapped', kid: key.kid });
  }
  return changes;
}

function isUnderOldKey({ encryption }: KeyContext, key: KeyRecord): boolean {
  return key.kekId !== null && key.kekId !== encryption.currentId;
}
