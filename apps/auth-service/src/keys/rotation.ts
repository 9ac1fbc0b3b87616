import type { Database, Transaction } from '../database/schema.ts';
import { type KeyEncryption, privateKeyLabel } from './encryption.ts';
import {
  activateKey,
  insertKey,
  type KeyRecord,
  lockKeys,
  type NewKeyRecord,
  readPublishedKeys,
  removeKey,
  replaceEncryption,
} from './key-store.ts';
import { type KeyAction, planRotation, type RotationPlan, type RotationPolicy } from './life-cycle.ts';
import { generateSigningKey } from './signing-key.ts';

/** What a rotation did, one entry for each change. */
export type KeyChange = {
  readonly change: 'published' | 'activated' | 'retired' | 'removed' | 'rewrapped';
  readonly kid: string;
};

export type RotationOutcome = {
  readonly changes: readonly KeyChange[];
  readonly refusedUntil?: number;
};

export type Rotation = {
  readonly db: Database;
  readonly encryption: KeyEncryption;
  readonly policy: RotationPolicy;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** Says whether carryOutRotation would find something to do. */
export function isRotationDue(
  rotation: Rotation,
  keys: readonly KeyRecord[],
  { rewrap }: { readonly rewrap: boolean },
): boolean {
  const { actions } = planRotation({ keys, now: rotation.clock(), policy: rotation.policy });
  return actions.length > 0 || (rewrap && keys.some((key) => isUnderOldKey(rotation, key)));
}

/**
 * Does what is due: decides again under the lock, since another replica may have been faster, and changes all or
 * nothing. With `wait`, waits for a replica that is at it; without, leaves it to that one.
 */
export async function carryOutRotation(
  rotation: Rotation,
  how: { readonly commanded: boolean; readonly wait: boolean; readonly rewrap: boolean },
): Promise<RotationOutcome> {
  // Making a key takes a while; whoever waits for the lock should not wait for that too.
  const prepared = await prepareKeys(rotation, planFor(rotation, await readPublishedKeys(rotation.db), how));
  return rotation.db.transaction(async (transaction) => {
    if (!(await lockKeys(transaction, how))) return { changes: [] };
    const keys = await readPublishedKeys(transaction);
    const plan = planFor(rotation, keys, how);
    const changes: KeyChange[] = [];
    for (const action of plan.actions) {
      if (action.type === 'activate') assertOpens(rotation, keys, action.kid);
      changes.push(...(await apply(rotation, transaction, action, prepared)));
    }
    // At a start only: while the setting is being rolled out, two replicas would else undo each other's work for ever.
    if (how.rewrap)
      changes.push(...(await rewrap(rotation, transaction, await readPublishedKeys(transaction))));
    return { ...plan, changes };
  });
}

function planFor(rotation: Rotation, keys: readonly KeyRecord[], how: { commanded: boolean }): RotationPlan {
  return planRotation({ keys, now: rotation.clock(), policy: rotation.policy, commanded: how.commanded });
}

async function apply(
  rotation: Rotation,
  transaction: Transaction,
  action: KeyAction,
  prepared: NewKeyRecord[],
): Promise<KeyChange[]> {
  const now = rotation.clock();
  switch (action.type) {
    case 'publish':
    case 'bootstrap': {
      const key = prepared.pop() ?? (await prepareKey(rotation));
      const { kid } = key.publicJwk;
      const signsAtOnce = action.type === 'bootstrap';
      await insertKey(transaction, key, { publishedAt: now, activatedAt: signsAtOnce ? now : null });
      return [{ change: 'published', kid }, ...(signsAtOnce ? [{ change: 'activated' as const, kid }] : [])];
    }
    case 'activate': {
      const retired = await activateKey(transaction, action.kid, now);
      const activated = { change: 'activated' as const, kid: action.kid };
      return retired === undefined ? [activated] : [{ change: 'retired', kid: retired }, activated];
    }
    case 'remove':
      await removeKey(transaction, action.kid, now);
      return [{ change: 'removed', kid: action.kid }];
  }
}

function prepareKeys(rotation: Rotation, plan: RotationPlan): Promise<NewKeyRecord[]> {
  const making = plan.actions.filter(({ type }) => type === 'publish' || type === 'bootstrap');
  return Promise.all(making.map(() => prepareKey(rotation)));
}

async function prepareKey({ encryption }: Rotation): Promise<NewKeyRecord> {
  const { kid, publicJwk, privateKeyDer } = await generateSigningKey();
  const encryptedPrivateKey = encryption.encrypt(privateKeyDer, privateKeyLabel(kid));
  privateKeyDer.fill(0);
  return { publicJwk, encryptedPrivateKey, kekId: encryption.currentId };
}

/** Re-encrypts private keys that are under an older key-encryption key, so that it can be taken away. */
async function rewrap(rotation: Rotation, transaction: Transaction, keys: KeyRecord[]): Promise<KeyChange[]> {
  const { encryption } = rotation;
  const changes: KeyChange[] = [];
  for (const key of keys) {
    if (!isUnderOldKey(rotation, key) || key.encryptedPrivateKey === null) continue;
    const label = privateKeyLabel(key.kid);
    const encryptedPrivateKey = encryption.encrypt(encryption.decrypt(key.encryptedPrivateKey, label), label);
    await replaceEncryption(transaction, key.kid, { encryptedPrivateKey, kekId: encryption.currentId });
    changes.push({ change: 'rewrapped', kid: key.kid });
  }
  return changes;
}

/** A key that nobody here can open must not become the one that signs. */
function assertOpens({ encryption }: Rotation, keys: readonly KeyRecord[], kid: string): void {
  const encrypted = keys.find((key) => key.kid === kid)?.encryptedPrivateKey;
  if (encrypted == null) throw new Error(`Signing key ${kid} has no private half.`);
  encryption.decrypt(encrypted, privateKeyLabel(kid)).fill(0);
}

function isUnderOldKey({ encryption }: Rotation, key: KeyRecord): boolean {
  return key.kekId !== null && key.kekId !== encryption.currentId;
}
