import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/schema.ts';
import type { KeyEncryption } from './encryption.ts';
import { type KeyRecord, readLatestKeys, readPublishedKeys } from './key-store.ts';
import { type RotationPolicy, stateOf } from './life-cycle.ts';
import { type JwkSet, type LoadedKeys, loadKeys, openPrivateKey, type Signer } from './loaded-keys.ts';
import { carryOutRotation, isRotationDue, type KeyChange, type Rotation } from './rotation.ts';
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
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How often to look what other replicas have done; default a sixth of the skew, from 250 ms to 5 s. */
  readonly reloadMs?: number;
};

export type KeyRing = ReturnType<typeof createKeyRing>;

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
 * const keyRing = createKeyRing({ db, log, audit, clock, keyEncryptionKeys, jwksMaxAgeSeconds: 60, skewSeconds: 30,
 *   tokenSeconds: 300, rotationDays: 30 });
 * await keyRing.start();
 * const { kid, privateKey } = keyRing.signer();
 */
export function createKeyRing(options: KeyRingOptions) {
  const { db, log, audit, clock, keyEncryptionKeys: encryption } = options;
  const rotation: Rotation = { db, encryption, clock, policy: options };
  const reloadMs = options.reloadMs ?? defaultReloadMs(options.skewSeconds);
  let loaded: LoadedKeys | undefined;
  let loadedAt = clock();
  let lastReload: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let lastTick: Promise<void> = Promise.resolve();

  return {
    /** The key that signs now. The same object until the next rotation. */
    signer: (): Signer => current().signer,

    /** What /.well-known/jwks.json shows. The same object until a key comes or goes. */
    jwks: (): JwkSet => current().jwks,

    /**
     * Loads the keys, making the first ones in an empty database, and goes on following them.
     *
     * @throws KeyEncryptionError when KEY_ENCRYPTION_KEY does not fit the database
     */
    async start(): Promise<void> {
      const records = await follow({ isStart: true });
      current();
      // The next key too: better now than when its turn comes.
      for (const key of records) if (key.encryptedPrivateKey !== null) openPrivateKey(key, encryption);
      schedule();
    },

    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await lastTick;
    },

    /** Looks now what other replicas have done. */
    async reload(): Promise<void> {
      await reload();
    },

    /**
     * Has the next key sign from now on. Needs no start(). Rejects with ProblemError 409 `rotation_too_early` and
     * Retry-After while a consumer could still hold a set without the next key.
     */
    async rotate(by: Origin & { readonly subject?: string } = {}): Promise<RotationResult> {
      const { changes, refusedUntil } = await carryOutRotation(rotation, {
        commanded: true,
        wait: true,
        rewrap: false,
      });
      record(changes, by);
      await reload();
      if (refusedUntil !== undefined) throw rotationTooEarly(refusedUntil, clock());
      return rotationResultOf(changes);
    },

    /** The newest hundred keys with their states, those that are gone among them. */
    async list() {
      const records = await readLatestKeys(db);
      return records.map(({ encryptedPrivateKey: _, ...key }) => ({ ...key, state: stateOf(key) }));
    },
  };

  function current(): LoadedKeys {
    if (loaded) return loaded;
    throw new Error(
      'The key ring has no key to sign with: it was not started, or the database has no active key.',
    );
  }

  /** One after the other, so that an older answer never replaces a newer one. */
  function reload(): Promise<KeyRecord[]> {
    const reloading = lastReload.then(async () => {
      const records = await readPublishedKeys(db);
      loaded = loadKeys(records, { before: loaded, encryption, log });
      loadedAt = clock();
      return records;
    });
    lastReload = reloading.catch(() => {});
    return reloading;
  }

  async function follow({ isStart }: { isStart: boolean }): Promise<KeyRecord[]> {
    const records = await reload();
    if (!isRotationDue(rotation, records, { rewrap: isStart })) return records;
    const { changes } = await carryOutRotation(rotation, {
      commanded: false,
      wait: isStart,
      rewrap: isStart,
    });
    record(changes, {});
    return reload();
  }

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      lastTick = tick().finally(schedule);
    }, reloadMs);
    timer.unref();
  }

  async function tick(): Promise<void> {
    try {
      await follow({ isStart: false });
    } catch (error) {
      const ageSeconds = Math.round((clock() - loadedAt) / 1000);
      log.warn(
        { err: error, age_seconds: ageSeconds },
        'signing keys could not be read; going on with those in memory',
      );
    }
  }

  function record(changes: readonly KeyChange[], by: Origin & { readonly subject?: string }): void {
    for (const { change, kid } of changes) audit.record({ ...by, event: `key.${change}`, details: { kid } });
  }
}

function defaultReloadMs(skewSeconds: number): number {
  const shareMs = (skewSeconds * 1000) / RELOADS_PER_SKEW;
  return Math.min(LONGEST_RELOAD_MS, Math.max(SHORTEST_RELOAD_MS, shareMs));
}
