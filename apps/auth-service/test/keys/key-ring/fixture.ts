import { randomBytes } from 'node:crypto';
import type { Revocation } from '@latchkey/auth-client';
import { parseKeyEncryptionKeys } from '../../../src/keys/encryption.ts';
import { createKeyRing, type KeyRing } from '../../../src/keys/key-ring.ts';
import { type OpenTestDatabase, openTestDatabase } from '../../database/open-test-database.ts';

export const start = Date.UTC(2026, 0, 1);
export const second = 1000;
export const lead = 90 * second;

type KeyRingOptions = {
  db?: OpenTestDatabase['db'];
  keys?: string;
  reloadMs?: number;
  onRevoked?: (revocations: readonly Revocation[]) => void;
};

export type KeyRingFixture = Awaited<ReturnType<typeof openKeyRings>>;

/** Key rings on a separate database with one clock, and everything that they report. */
export async function openKeyRings() {
  const database = await openTestDatabase();
  const secret = randomBytes(32).toString('base64url');
  const made: KeyRing[] = [];
  const audited: string[] = [];
  const warnings: object[] = [];
  const errors: object[] = [];
  const published: Revocation[] = [];

  const fixture = {
    database,
    secret,
    now: start,
    audited,
    warnings,
    errors,
    published,
    /** An extra action when keys are published. */
    onPublish: async (): Promise<void> => {},
    create(options: KeyRingOptions = {}): KeyRing {
      const ring = createKeyRing({
        db: options.db ?? database.db,
        log: {
          info: () => {},
          warn: (entry: object) => void warnings.push(entry),
          error: (entry: object) => void errors.push(entry),
        } as never,
        audit: { record: ({ event, details }) => void audited.push(`${event} ${String(details?.['kid'])}`) },
        keyEncryptionKeys: parseKeyEncryptionKeys(options.keys ?? secret),
        publish: async (revocation) => {
          published.push(revocation);
          await fixture.onPublish();
        },
        ...(options.onRevoked && { onRevoked: options.onRevoked }),
        clock: () => fixture.now,
        jwksMaxAgeSeconds: 60,
        skewSeconds: 30,
        tokenSeconds: 300,
        rotationDays: 30,
        hintSeconds: 3600,
        reloadMs: options.reloadMs ?? 60_000,
      });
      made.push(ring);
      return ring;
    },
    async started(options: KeyRingOptions = {}): Promise<KeyRing> {
      const ring = fixture.create(options);
      await ring.start();
      return ring;
    },
    async close(): Promise<void> {
      await Promise.all(made.map((ring) => ring.stop()));
      await database.close();
    },
  };
  return fixture;
}

export function kidsOf(ring: KeyRing): string[] {
  return ring.jwks().keys.map(({ kid }) => kid);
}

/** The keys by which ID tokens are known to be ours. */
export function hintKidsOf(ring: KeyRing): string[] {
  return ring.hintKeys().map(({ kid }) => kid);
}

export async function states(ring: KeyRing): Promise<Record<string, string>> {
  return Object.fromEntries((await ring.list()).map(({ kid, state }) => [kid, state]));
}
