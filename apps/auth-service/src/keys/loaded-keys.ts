import type { KeyObject } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { PublicJwk } from '../database/schema.ts';
import { type KeyEncryption, privateKeyLabel } from './encryption.ts';
import type { KeyRecord } from './key-store.ts';
import { stateOf } from './life-cycle.ts';
import { privateKeyFrom } from './signing-key.ts';

export type Signer = { readonly kid: string; readonly privateKey: KeyObject };
export type JwkSet = { readonly keys: readonly PublicJwk[] };

/** The keys as a replica has them in memory. */
export type LoadedKeys = {
  /** Undefined when the key that signed was revoked and no other can be opened here. */
  readonly signer: Signer | undefined;
  readonly jwks: JwkSet;
};

/**
 * What follows from the rows. Keeps the objects that stay the same, so that callers can tell by identity and no key is
 * decrypted twice. A key that cannot be opened is published all the same (other replicas sign with it), and this
 * replica goes on with the signer that it has, as long as that one is published.
 *
 * @throws KeyEncryptionError when the active key cannot be opened and there is nothing from before
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

/** @throws KeyEncryptionError when no configured key fits */
export function openPrivateKey({ kid, encryptedPrivateKey }: KeyRecord, encryption: KeyEncryption): Signer {
  if (encryptedPrivateKey === null) throw new Error(`The signing key ${kid} has no private half any more.`);
  return { kid, privateKey: privateKeyFrom(encryption.decrypt(encryptedPrivateKey, privateKeyLabel(kid))) };
}

function kidsOf(set: JwkSet): string {
  return set.keys.map(({ kid }) => kid).join();
}
