import { ProblemError } from '@latchkey/service-kit';
import { carryOut, type KeyChange, type KeyContext, prepareKeys } from './key-changes.ts';
import { lockKeys, readPublishedKeys, revokeGoneKey } from './key-store.ts';
import { planRevocation } from './life-cycle.ts';

/** What revoking a key did. */
export type KeyRevocationResult = {
  readonly action: 'revoked';
  readonly kid: string;
  /** The key that now signs, if the revoked key was the active one. */
  readonly activated?: string;
  /** The new next key, if one was made. */
  readonly next?: string;
};

/**
 * Revokes a key in the database, in one transaction under the rotation lock. One that is gone already is marked as
 * revoked, which is no change of the published keys. Does not publish the revocation: the caller does.
 *
 * Rejects with ProblemError 404 `key_not_found`; with KeyEncryptionError when this replica cannot decrypt the key that
 * would sign instead.
 */
export async function carryOutRevocation(context: KeyContext, kid: string): Promise<readonly KeyChange[]> {
  const expected = planRevocation(await readPublishedKeys(context.db), kid);
  const prepared = await prepareKeys(context, expected);
  return context.db.transaction(async (transaction) => {
    await lockKeys(transaction, { wait: true });
    const keys = await readPublishedKeys(transaction);
    const actions = planRevocation(keys, kid);
    if (actions.length === 0 && !(await revokeGoneKey(transaction, kid))) throw keyNotFound();
    return carryOut(context, transaction, { actions, keys, prepared });
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
