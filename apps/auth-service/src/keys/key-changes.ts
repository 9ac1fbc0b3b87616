import type { Database, Transaction } from '../database/schema.ts';
import { type KeyEncryption, privateKeyLabel } from './encryption.ts';
import {
  activateKey,
  insertKey,
  type KeyRecord,
  type NewKeyRecord,
  removeKey,
  revokeKey,
} from './key-store.ts';
import type { KeyAction, RotationPolicy } from './life-cycle.ts';
import { generateSigningKey } from './signing-key.ts';

/** What was done to the keys, one entry for each change. */
export type KeyChange = {
  readonly change: 'published' | 'activated' | 'retired' | 'removed' | 'revoked' | 'rewrapped';
  readonly kid: string;
};

/** What changing keys takes. */
export type KeyRoom = {
  readonly db: Database;
  readonly encryption: KeyEncryption;
  readonly policy: RotationPolicy;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** Makes the keys that these actions will want: that takes a while, and whoever waits for the lock should not. */
export function prepareKeys(room: KeyRoom, actions: readonly KeyAction[]): Promise<NewKeyRecord[]> {
  const making = actions.filter(({ type }) => type === 'publish' || type === 'bootstrap');
  return Promise.all(making.map(() => prepareKey(room)));
}

/**
 * Carries out, in a transaction that holds the lock, what a plan says. Takes keys from `prepared`, and makes what is
 * missing there. `keys` are those from which the plan was made.
 *
 * @throws KeyEncryptionError when the key that is to sign cannot be opened here: then nothing must be committed
 */
export async function carryOut(
  room: KeyRoom,
  transaction: Transaction,
  plan: {
    readonly actions: readonly KeyAction[];
    readonly keys: readonly KeyRecord[];
    readonly prepared: NewKeyRecord[];
  },
): Promise<KeyChange[]> {
  const changes: KeyChange[] = [];
  for (const action of plan.actions) {
    if (action.type === 'activate') assertOpens(room, plan.keys, action.kid);
    changes.push(...(await apply(room, transaction, { action, prepared: plan.prepared })));
  }
  return changes;
}

async function apply(
  room: KeyRoom,
  transaction: Transaction,
  { action, prepared }: { readonly action: KeyAction; readonly prepared: NewKeyRecord[] },
): Promise<KeyChange[]> {
  const now = room.clock();
  switch (action.type) {
    case 'publish':
    case 'bootstrap': {
      const key = prepared.pop() ?? (await prepareKey(room));
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
    case 'revoke':
      await revokeKey(transaction, action.kid, now);
      return [{ change: 'revoked', kid: action.kid }];
  }
}

async function prepareKey({ encryption }: KeyRoom): Promise<NewKeyRecord> {
  const { kid, publicJwk, privateKeyDer } = await generateSigningKey();
  const encryptedPrivateKey = encryption.encrypt(privateKeyDer, privateKeyLabel(kid));
  privateKeyDer.fill(0);
  return { publicJwk, encryptedPrivateKey, kekId: encryption.currentId };
}

/** A key that nobody here can open must not become the one that signs. */
function assertOpens({ encryption }: KeyRoom, keys: readonly KeyRecord[], kid: string): void {
  const encrypted = keys.find((key) => key.kid === kid)?.encryptedPrivateKey;
  if (encrypted == null) throw new Error(`Signing key ${kid} has no private half.`);
  encryption.decrypt(encrypted, privateKeyLabel(kid)).fill(0);
}
