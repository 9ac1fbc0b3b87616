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

/** One change that was made to the keys. */
export type KeyChange = {
  readonly change: 'published' | 'activated' | 'retired' | 'removed' | 'revoked' | 'rewrapped';
  readonly kid: string;
};

/** What functions that change keys need. */
export type KeyContext = {
  readonly db: Database;
  readonly encryption: KeyEncryption;
  readonly policy: RotationPolicy;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** Makes the keys that these actions need before the lock is taken, because that takes a while. */
export function prepareKeys(context: KeyContext, actions: readonly KeyAction[]): Promise<NewKeyRecord[]> {
  const making = actions.filter(({ type }) => type === 'publish' || type === 'bootstrap');
  return Promise.all(making.map(() => prepareKey(context)));
}

/**
 * Carries out a plan in a transaction that holds the lock. Takes new keys from `prepared`, and makes more if those do
 * not suffice. `keys` are the keys that the plan was made from.
 *
 * @throws KeyEncryptionError when this replica cannot decrypt the key that is to sign; then nothing must be committed
 */
export async function carryOut(
  context: KeyContext,
  transaction: Transaction,
  plan: {
    readonly actions: readonly KeyAction[];
    readonly keys: readonly KeyRecord[];
    readonly prepared: NewKeyRecord[];
  },
): Promise<KeyChange[]> {
  const changes: KeyChange[] = [];
  for (const action of plan.actions) {
    if (action.type === 'activate') assertOpens(context, plan.keys, action.kid);
    changes.push(...(await apply(context, transaction, { action, prepared: plan.prepared })));
  }
  return changes;
}

async function apply(
  context: KeyContext,
  transaction: Transaction,
  { action, prepared }: { readonly action: KeyAction; readonly prepared: NewKeyRecord[] },
): Promise<KeyChange[]> {
  const now = context.clock();
  switch (action.type) {
    case 'publish':
    case 'bootstrap': {
      const key = prepared.pop() ?? (await prepareKey(context));
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

async function prepareKey({ encryption }: KeyContext): Promise<NewKeyRecord> {
  const { kid, publicJwk, privateKeyDer } = await generateSigningKey();
  const encryptedPrivateKey = encryption.encrypt(privateKeyDer, privateKeyLabel(kid));
  privateKeyDer.fill(0);
  return { publicJwk, encryptedPrivateKey, kekId: encryption.currentId };
}

/** A key that this replica cannot decrypt must not become the active one. */
function assertOpens({ encryption }: KeyContext, keys: readonly KeyRecord[], kid: string): void {
  const encrypted = keys.find((key) => key.kid === kid)?.encryptedPrivateKey;
  if (encrypted == null) throw new Error(`Signing key ${kid} has no private half.`);
  encryption.decrypt(encrypted, privateKeyLabel(kid)).fill(0);
}
