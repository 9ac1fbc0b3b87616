import type { KeyObject } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { PublicJwk } from '../database/schema.ts';
import { type KeyEncryption, privateKeyLabel } from './encryption.ts';
import type { KeyRecord } from './key-store.ts';
import { stateOf } from './life-cycle.ts';
import { privateKeyFrom } from './signing-key.ts';

export type Signer = { readonly kid: string; readonly privateKey: KeyObject };
export type JwkSet = { readonly keys: readonly PublicJwk[] };

/** The keys that a replica holds in memory. */
export type LoadedKeys = {
  /** Undefined when the active key was revoked and this replica can decrypt no other one. */
  readonly signer: Signer | undefined;
  readonly jwks: JwkSet;
};

/**
 * Makes LoadedKeys from the rows. Reuses unchanged objects, so that callers can compare by identity and no key is
 * decrypted twice. A key that cannot be decrypted is still published, because other replicas sign with it. This replica
 * then keeps its current signer as long as that key is published.
 *
 * @throws KeyEncryptionError when the active key cannot be decrypted and no keys were loaded before
 */
export function loadKeys(
  records: readonly KeyRecord[],
  from: {
    readonly before: LoadedKeys | undefined;
    readonly encryption: KeyEncryption;
    readonly log: Pick<FastifyBaseLogger, 'error'>;
  },
): LoadedKeys | undefined {
  const { before } = from;
  const active = records.find((record) => stateOf(record) === 'active');
  if (active === undefined && before === undefined) return undefined;
  const kept = records.some(({ kid }) => kid === before?.signer?.kid) ? before?.signer : undefined;
  const jwks = { keys: records.map(({ publicJwk }) => publicJwk) };
  return {
    signer: active === undefined || kept?.kid === active.kid ? kept : openOrKeep(active, { ...from, kept }),
    jwks: before && kidsOf(before.jwks) === kidsOf(jwks) ? before.jwks : jwks,
  };
}

function openOrKeep(
  active: KeyRecord,
  from: Parameters<typeof loadKeys>[1] & { readonly kept: Signer | undefined },
): Signer | undefined {
  try {
    return openPrivateKey(active, from.encryption);
  } catch (error) {
    if (from.before === undefined) throw error;
    from.log.error(
      { err: error, kid: active.kid },
      from.kept === undefined
        ? 'the active signing key cannot be opened, and the one before was revoked; nothing can be signed'
        : 'the active signing key cannot be opened; signing with the one before',
    );
    return from.kept;
  }
}

/** @throws KeyEncryptionError when no configured key matches */
export function openPrivateKey({ kid, encryptedPrivateKey }: KeyRecord, encryption: KeyEncryption): Signer {
  if (encryptedPrivateKey === null) throw new Error(`The signing key ${kid} no longer has a private half.`);
  return { kid, privateKey: privateKeyFrom(encryption.decrypt(encryptedPrivateKey, privateKeyLabel(kid))) };
}

function kidsOf(set: JwkSet): string {
  return set.keys.map(({ kid }) => kid).join();
}
