import type { Revocation } from '@latchkey/auth-client';
import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createPoll } from '../database/poll.ts';
import type { Database, PublicJwk } from '../database/schema.ts';
import type { KeyEncryption } from './encryption.ts';
import type { KeyChange, KeyContext } from './key-changes.ts';
import { carryOutRevocation, type KeyRevocationResult, revocationResultOf } from './key-revocation.ts';
import { type KeyRecord, readKeys, readKeysSince, readLatestKeys } from './key-store.ts';
import { afterRevocations, mayActivateAt, type RotationPolicy, stateOf, wasRevoked } from './life-cycle.ts';
import { type JwkSet, type LoadedKeys, loadKeys, openPrivateKey, type Signer } from './loaded-keys.ts';
import { carryOutRotation, isRotationDue } from './rotation.ts';
import { type RotationResult, rotationResultOf, rotationTooEarly } from './rotation-result.ts';

const minReloadMs = 250;
const maxReloadMs = 5000;
/** Several reloads per skew, so that one or two may fail and clocks may differ. */
const reloadsPerSkew = 6;

type KeyRevocation = { readonly kind: 'key'; readonly id: string; readonly reason: string };

export type KeyRingOptions = RotationPolicy & {
  readonly db: Database;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly keyEncryptionKeys: KeyEncryption;
  /** Publishes a revocation to all verifiers. */
  readonly publish: (revocation: KeyRevocation) => Promise<unknown>;
  /** Called for keys that this replica knows to be revoked, possibly before the log says so, and repeatedly. */
  readonly onRevoked?: (revocations: readonly KeyRevocation[]) => void;
  /** For how long a retired key still proves that an ID token is ours, in seconds; default 0. */
  readonly hintSeconds?: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How often to read other replicas' changes; default: a sixth of the skew, from 250 ms to 5 s. */
  readonly reloadMs?: number;
};

export type KeyRing = ReturnType<typeof createKeyRing>;

type By = Origin & { readonly subject?: string };

/**
 * Holds the signing keys in memory: the active key and the published set. Polls the database every few seconds for
 * changes by other replicas, and rotates on schedule, one replica at a time.
 *
 * While Postgres is unavailable, signing and publishing continue from memory and no replica can rotate. If one replica
 * alone loses Postgres, it stays correct for one rotation of the others, because it already publishes their next key.
 * Its own tokens are refused from one token lifetime plus skew after that rotation. So do not command a rotation while
 * a replica logs that it cannot read the signing keys.
 *
 * @example
 * const keyRing = createKeyRing({ db, log, audit, publish, clock, keyEncryptionKeys, jwksMaxAgeSeconds: 60,
 *   skewSeconds: 30, tokenSeconds: 300, rotationDays: 30 });
 * await keyRing.start();
 * const { kid, privateKey } = keyRing.signer();
 */
export function createKeyRing(options: KeyRingOptions) {
  const { db, log, audit, clock, keyEncryptionKeys: encryption, hintSeconds = 0 } = options;
  const context: KeyContext = { db, encryption, clock, policy: options };
  /** Keys known to be revoked that the last read of the database may still contain. */
  const revoked = new Set<string>();
  let records: readonly KeyRecord[] = [];
  /** Keys that have left the set since they retired, and were not revoked. */
  let retired: readonly KeyRecord[] = [];
  let loaded: LoadedKeys | undefined;
  let loadedAt = clock();
  let lastReload: Promise<unknown> = Promise.resolve();
  const poll = createPoll({
    everyMs: options.reloadMs ?? defaultReloadMs(options.skewSeconds),
    task: async () => void (await follow({ isStart: false })),
    onFailed: warn,
  });

  return {
    /**
     * Returns the active key. It is the same object until another key becomes active.
     *
     * @throws ProblemError 503 `no_signing_key` when the active key was revoked and this replica has no other one yet
     */
    signer(): Signer {
      const { signer } = current();
      if (signer === undefined) throw noSigningKey();
      return signer;
    },

    /** The key set of /.well-known/jwks.json. It is the same object until a key is added or removed. */
    jwks: (): JwkSet => current().jwks,

    /**
     * The published keys, and those that retired less than `hintSeconds` ago and were not revoked: for ID tokens, which
     * come back as hints long after they have expired.
     */
    hintKeys: (): readonly PublicJwk[] => [
      ...current().jwks.keys,
      ...retired.filter(({ kid }) => !revoked.has(kid)).map(({ publicJwk }) => publicJwk),
    ],

    /**
     * Loads the keys, makes the first ones in an empty database, and starts polling.
     *
     * @throws KeyEncryptionError when KEY_ENCRYPTION_KEY does not match the database
     */
    async start(): Promise<void> {
      await follow({ isStart: true });
      current();
      // Decrypt the next key too, so that a wrong KEY_ENCRYPTION_KEY fails now and not at the next rotation.
      for (const key of records) if (key.encryptedPrivateKey !== null) openPrivateKey(key, encryption);
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    /** Reads other replicas' changes now. */
    async reload(): Promise<void> {
      await reload();
    },

    /**
     * Activates the next key. Does not need start(). Rejects with ProblemError 409 `rotation_too_early` and Retry-After
     * while a consumer could still hold a key set without the next key.
     */
    async rotate(by: By = {}): Promise<RotationResult> {
      const how = { commanded: true, wait: true, rewrap: false };
      const { changes, refusedUntil } = await carryOutRotation(context, how);
      record(changes, by);
      await reload();
      if (refusedUntil !== undefined) throw rotationTooEarly(refusedUntil, clock());
      return rotationResultOf(changes);
    },

    /**
     * Revokes a key, so that all verifiers refuse every token that it signed. Removes it from the set, activates the
     * next key if it was active, and then publishes the revocation. Does not need start(). If it fails half-way, the
     * same call completes it. For a key that is gone already it publishes the revocation again.
     *
     * Rejects with ProblemError 404 `key_not_found`, and with what `publish` rejects with. In that case the key is out
     * of the set, but consumers with an older set have not been told.
     */
    async revoke(kid: string, by: By = {}): Promise<KeyRevocationResult> {
      const changes = await carryOutRevocation(context, kid);
      record(changes, by);
      if (changes.length === 0) audit.record({ ...by, event: 'key.revoked', details: { kid, again: true } });
      dropRevoked([kid]);
      try {
        await options.publish(revocationOf(kid));
      } finally {
        await reload().catch(warn);
      }
      return revocationResultOf(kid, changes);
    },

    /**
     * Applies revocations from the log. When this returns, a revoked key is out of the set and no longer signs, even if
     * Postgres is unavailable. Its replacement is loaded afterwards. Never throws.
     */
    applyRevocations(revocations: readonly Revocation[]): void {
      const kids = revocations.flatMap((revocation) => (revocation.kind === 'key' ? [revocation.id] : []));
      if (kids.length === 0) return;
      dropRevoked(kids);
      reload().catch(warn);
    },

    /** Lists the newest hundred keys with their states, including keys that are gone. */
    async list() {
      const latest = await readLatestKeys(db);
      return latest.map(({ encryptedPrivateKey: _, ...key }) => ({
        ...key,
        state: stateOf(key),
        mayActivateAt: mayActivateAt(key, options),
      }));
    },
  };

  function current(): LoadedKeys {
    if (loaded) return loaded;
    throw new Error(
      'The key ring has no key to sign with: it was not started, or the database has no active key.',
    );
  }

  function dropRevoked(kids: readonly string[]): void {
    for (const kid of kids) revoked.add(kid);
    load();
    tellRevoked(kids);
  }

  function tellRevoked(kids: readonly string[]): void {
    options.onRevoked?.(kids.map(revocationOf));
  }

  function load(): void {
    const left = afterRevocations(records, { kids: revoked, now: clock() });
    loaded = loadKeys(left, { before: loaded, encryption, log });
  }

  /** Reloads run one after another, so that an older answer never replaces a newer one. */
  function reload(): Promise<void> {
    const reloading = lastReload.then(async () => {
      const read = await readKeysSince(db, clock() - hintSeconds * 1000);
      const published = read.filter(({ removedAt }) => removedAt === null);
      const kids = new Set(published.map(({ kid }) => kid));
      const missing = records.filter(({ kid }) => !kids.has(kid));
      const gone = missing.length === 0 ? [] : await readKeys(db, missing);
      records = published;
      retired = read.filter((key) => key.removedAt !== null && !wasRevoked(key, options));
      load();
      // Verifiers must know why at the moment when the set lacks the key. The log may take longer than this read.
      tellRevoked(gone.filter((key) => wasRevoked(key, options)).map(({ kid }) => kid));
      loadedAt = clock();
      for (const kid of revoked) if (!kids.has(kid)) revoked.delete(kid);
    });
    lastReload = reloading.catch(() => {});
    return reloading;
  }

  async function follow({ isStart }: { isStart: boolean }): Promise<void> {
    await reload();
    if (!isRotationDue(context, records, { rewrap: isStart })) return;
    const how = { commanded: false, wait: isStart, rewrap: isStart };
    record((await carryOutRotation(context, how)).changes, {});
    await reload();
  }

  function warn(error: unknown): void {
    const ageSeconds = Math.round((clock() - loadedAt) / 1000);
    log.warn(
      { err: error, age_seconds: ageSeconds },
      'signing keys could not be read; going on with those in memory',
    );
  }

  function record(changes: readonly KeyChange[], by: By): void {
    for (const { change, kid } of changes) audit.record({ ...by, event: `key.${change}`, details: { kid } });
  }
}

function revocationOf(kid: string): KeyRevocation {
  return { kind: 'key', id: kid, reason: 'key_revoked' };
}

function defaultReloadMs(skewSeconds: number): number {
  const shareMs = (skewSeconds * 1000) / reloadsPerSkew;
  return Math.min(maxReloadMs, Math.max(minReloadMs, shareMs));
}

function noSigningKey(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'no_signing_key',
    detail: 'The signing key was revoked, and its replacement is not available yet. Try again.',
    headers: { 'retry-after': '1' },
  });
}
