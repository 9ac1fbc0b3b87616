import type { Revocation } from '@latchkey/auth-client';
import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createPoll } from '../database/poll.ts';
import type { Database } from '../database/schema.ts';
import type { KeyEncryption } from './encryption.ts';
import type { KeyChange, KeyRoom } from './key-changes.ts';
import { carryOutRevocation, type KeyRevocationResult, revocationResultOf } from './key-revocation.ts';
import { type KeyRecord, readLatestKeys, readPublishedKeys } from './key-store.ts';
import { afterRevocations, mayActivateAt, type RotationPolicy, stateOf } from './life-cycle.ts';
import { type JwkSet, type LoadedKeys, loadKeys, openPrivateKey, type Signer } from './loaded-keys.ts';
import { carryOutRotation, isRotationDue } from './rotation.ts';
import { type RotationResult, rotationResultOf, rotationTooEarly } from './rotation-result.ts';

const SHORTEST_RELOAD_MS = 250;
const LONGEST_RELOAD_MS = 5000;
/** A reload that fails once or twice must still be within the skew, and leave room for clocks that differ. */
const RELOADS_PER_SKEW = 6;

export type KeyRingOptions = RotationPolicy & {
  readonly db: Database;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly keyEncryptionKeys: KeyEncryption;
  /** Tells everybody who verifies tokens. */
  readonly publish: (revocation: {
    readonly kind: 'key';
    readonly id: string;
    readonly reason: string;
  }) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How often to look what other replicas have done; default a sixth of the skew, from 250 ms to 5 s. */
  readonly reloadMs?: number;
};

export type KeyRing = ReturnType<typeof createKeyRing>;

type By = Origin & { readonly subject?: string };

/**
 * The signing keys, in memory: the one that signs now and the set that is published. Follows what other replicas do by
 * looking every few seconds, and rotates by schedule when its turn comes, one replica at a time.
 *
 * While Postgres is away, signing and publishing go on with what is in memory: nobody can rotate then. A replica that
 * alone is cut off while the others rotate stays right for one rotation, since it publishes their next key already;
 * its own tokens are refused from one token lifetime plus skew after it, so do not command a rotation while a replica
 * is cut off (it says so in its log).
 *
 * @example
 * const keyRing = createKeyRing({ db, log, audit, publish, clock, keyEncryptionKeys, jwksMaxAgeSeconds: 60,
 *   skewSeconds: 30, tokenSeconds: 300, rotationDays: 30 });
 * await keyRing.start();
 * const { kid, privateKey } = keyRing.signer();
 */
export function createKeyRing(options: KeyRingOptions) {
  const { db, log, audit, clock, keyEncryptionKeys: encryption } = options;
  const room: KeyRoom = { db, encryption, clock, policy: options };
  /** Heard of as revoked, and not yet seen to be gone from the database. */
  const revoked = new Set<string>();
  let records: readonly KeyRecord[] = [];
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
     * The key that signs now. The same object until another one does.
     *
     * @throws ProblemError 503 `no_signing_key` when the key that signed was revoked and no other can be opened here
     */
    signer(): Signer {
      const { signer } = current();
      if (signer === undefined) throw noSigningKey();
      return signer;
    },

    /** What /.well-known/jwks.json shows. The same object until a key comes or goes. */
    jwks: (): JwkSet => current().jwks,

    /**
     * Loads the keys, making the first ones in an empty database, and goes on following them.
     *
     * @throws KeyEncryptionError when KEY_ENCRYPTION_KEY does not fit the database
     */
    async start(): Promise<void> {
      await follow({ isStart: true });
      current();
      // The next key too: better now than when its turn comes.
      for (const key of records) if (key.encryptedPrivateKey !== null) openPrivateKey(key, encryption);
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    /** Looks now what other replicas have done. */
    async reload(): Promise<void> {
      await reload();
    },

    /**
     * Has the next key sign from now on. Needs no start(). Rejects with ProblemError 409 `rotation_too_early` and
     * Retry-After while a consumer could still hold a set without the next key.
     */
    async rotate(by: By = {}): Promise<RotationResult> {
      const how = { commanded: true, wait: true, rewrap: false };
      const { changes, refusedUntil } = await carryOutRotation(room, how);
      record(changes, by);
      await reload();
      if (refusedUntil !== undefined) throw rotationTooEarly(refusedUntil, clock());
      return rotationResultOf(changes);
    },

    /**
     * Has every token that this key signed refused from now on, everywhere: takes it out of the set, has the next one
     * sign if it did, then tells everybody. Needs no start(). When it fails half-way, the same call completes it; for a
     * key that is gone already it tells everybody once more.
     *
     * Rejects with ProblemError 404 `key_not_found`, and with what `publish` rejects with: then the key is out of the
     * set, but whoever holds an older set has not been told.
     */
    async revoke(kid: string, by: By = {}): Promise<KeyRevocationResult> {
      const changes = await carryOutRevocation(room, kid);
      record(changes, by);
      if (changes.length === 0) audit.record({ ...by, event: 'key.revoked', details: { kid, again: true } });
      hear([kid]);
      try {
        await options.publish({ kind: 'key', id: kid, reason: 'key_revoked' });
      } finally {
        await reload().catch(warn);
      }
      return revocationResultOf(kid, changes);
    },

    /**
     * Takes in what others have revoked. A key among it is out of the set when this returns, and does not sign any
     * more, whether or not Postgres can be asked; what was made in its place follows. Never throws.
     */
    hear(revocations: readonly Revocation[]): void {
      const kids = revocations.flatMap((revocation) => (revocation.kind === 'key' ? [revocation.id] : []));
      if (kids.length === 0) return;
      hear(kids);
      reload().catch(warn);
    },

    /** The newest hundred keys with their states, those that are gone among them. */
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

  function hear(kids: readonly string[]): void {
    for (const kid of kids) revoked.add(kid);
    load();
  }

  function load(): void {
    const left = afterRevocations(records, { kids: revoked, now: clock() });
    loaded = loadKeys(left, { before: loaded, encryption, log });
  }

  /** One after the other, so that an older answer never replaces a newer one. */
  function reload(): Promise<void> {
    const reloading = lastReload.then(async () => {
      records = await readPublishedKeys(db);
      load();
      loadedAt = clock();
      const kids = new Set(records.map(({ kid }) => kid));
      for (const kid of revoked) if (!kids.has(kid)) revoked.delete(kid);
    });
    lastReload = reloading.catch(() => {});
    return reloading;
  }

  async function follow({ isStart }: { isStart: boolean }): Promise<void> {
    await reload();
    if (!isRotationDue(room, records, { rewrap: isStart })) return;
    const how = { commanded: false, wait: isStart, rewrap: isStart };
    record((await carryOutRotation(room, how)).changes, {});
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

function defaultReloadMs(skewSeconds: number): number {
  const shareMs = (skewSeconds * 1000) / RELOADS_PER_SKEW;
  return Math.min(LONGEST_RELOAD_MS, Math.max(SHORTEST_RELOAD_MS, shareMs));
}

function noSigningKey(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'no_signing_key',
    detail: 'The key that signed was revoked, and the one that signs instead is not at hand yet.',
    headers: { 'retry-after': '1' },
  });
}
