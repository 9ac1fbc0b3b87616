import { ProblemError } from '@latchkey/service-kit';
import { carryOut, type KeyChange, type KeyRoom, prepareKeys } from './key-changes.ts';
import { hasKey, lockKeys, readPublishedKeys } from './key-store.ts';
import { planRevocation } from './life-cycle.ts';

/** What revoking a key did. */
export type KeyRevocationResult = {
  readonly action: 'revoked';
  readonly kid: string;
  /** The key that signs instead from now on, if the revoked one did. */
  readonly activated?: string;
  /** The key that was made to follow. */
  readonly next?: string;
};

/**
 * Revokes a key in the database: all of it or nothing, under the lock of rotations. Changes nothing when it is gone
 * already. Nobody is told: that comes after.
 *
 * Rejects with ProblemError 404 `key_not_found`; with KeyEncryptionError when the key that would have to sign instead
 * cannot be opened here.
 */
export async function carryOutRevocation(room: KeyRoom, kid: string): Promise<readonly KeyChange[]> {
  const expected = planRevocation(await readPublishedKeys(room.db), kid);
  const prepared = await prepareKeys(room, expected);
  return room.db.transaction(async (transaction) => {
    await lockKeys(transaction, { wait: true });
    const keys = await readPublishedKeys(transaction);
    const actions = planRevocation(keys, kid);
    if (actions.length === 0 && !(await hasKey(transaction, kid))) throw keyNotFound();
    return carryOut(room, transaction, { actions, keys, prepared });
  });
}

export function revocationResultOf(kid: string, changes: readonly KeyChange[]): KeyRevocationResult {
  const activated = changes.find(({ change }) => change === 'activated')?.kid;
  const next = changes.findLast(({ change }) => change === 'published')?.kid;
  return { action: 'revoked', kid, ...(activated && { activated }), ...(next && { next }) };
}

function keyNotFound(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'key_not_found',
    detail: 'There is no signing key with this kid.',
  });
}
