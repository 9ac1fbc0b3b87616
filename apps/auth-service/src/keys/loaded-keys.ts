import type { KeyObject } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { type KeyEncryption, privateKeyLabel } from './encryption.ts';
import type { KeyRecord } from './key-store.ts';
import { stateOf } from './life-cycle.ts';
import { type PublicJwk, privateKeyFrom } from './signing-key.ts';

export type Signer = { readonly kid: string; readonly privateKey: KeyObject };
export type JwkSet = { readonly keys: readonly PublicJwk[] };

/** The keys as a replica has them in memory. */
export type LoadedKeys = { readonly signer: Signer; readonly jwks: JwkSet };

/**
 * What follows from the rows. Keeps the objects that stay the same, so that callers can tell by identity and no key is
 * decrypted twice. A key that cannot be opened is published all the same (other replicas sign with it), and this
 * replica goes on with the signer that it has. Without an active key all stays as it was.
 *
 * @throws KeyEncryptionError when the active key cannot be opened and there is no signer from before
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
  if (active === undefined) return before;
  const jwks = { keys: records.map(({ publicJwk }) => publicJwk) };
  return {
    signer: before?.signer.kid === active.kid ? before.signer : openOrKeep(active, from),
    jwks: before && kidsOf(before.jwks) === kidsOf(jwks) ? before.jwks : jwks,
  };
}

function openOrKeep(active: KeyRecord, from: Parameters<typeof loadKeys>[1]): Signer {
  try {
    return openPrivateKey(active, from.encryption);
  } catch (error) {
    if (from.before === undefined) throw error;
    from.log.error(
      { err: error, kid: active.kid },
      'the active signing key cannot be opened; signing with the one before',
    );
    return from.before.signer;
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
