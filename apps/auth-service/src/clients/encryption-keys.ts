import { createFetch } from '@latchkey/auth-client';
import { type EncryptionJwk, fetchEncryptionKey } from '@latchkey/auth-client/jwt';
import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import { audiences } from '../permissions/resource-servers.ts';
import type { TokenEncryption } from '../tokens/token-encryption.ts';
import type { ServiceClient, ServiceJwksUris } from './clients.ts';

/** How long a key is used without being fetched again, at most: the answer's max-age may say less. */
const maxFreshSeconds = 60;
/** How long the last key is used while its service does not answer. Services open tokens of an old key for longer. */
const usableSeconds = 300;
const secondsBetweenFetches = 1;
const fetchTimeoutMs = 2000;

/**
 * Reads the setting ENCRYPTED_TOKENS_FOR: the services whose access tokens are encrypted.
 *
 * @throws Error that names the fault
 * @example parseEncryptedServices(['wishlist-service'], serviceJwksUris)
 */
export function parseEncryptedServices(names: readonly string[], uris: ServiceJwksUris): ReadonlySet<string> {
  for (const [index, name] of names.entries()) {
    if (name === 'auth-service') throw new Error('tokens for auth-service itself are never encrypted');
    if (!audiences.includes(name)) throw new Error(`entry ${index + 1} names no service that accepts tokens`);
    if (!uris.has(name)) throw new Error(`SERVICE_JWKS_URIS does not say where ${name} publishes its keys`);
  }
  return new Set(names);
}

export type EncryptionKeysOptions = {
  /** All services that publish keys. */
  readonly services: readonly ServiceClient[];
  /** The names of those that want encrypted tokens. */
  readonly encrypted: ReadonlySet<string>;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** Milliseconds since any fixed moment. Default a monotonic clock. */
  readonly monotonicMs?: () => number;
};

/**
 * The keys to which access tokens are encrypted: each service's own, from the key set that it publishes. A key is fetched
 * when it is needed, in one request at a time and at most one a second, and again when the answer may no longer be kept,
 * after a minute at most. Meanwhile, and while its service does not answer, the last key is used, for five minutes. After
 * that, or when the service publishes none, no token for it is issued: 503 `encryption_key_unavailable`.
 *
 * @example
 * const { keyOf } = createEncryptionKeys({ services, encrypted: new Set(['wishlist-service']), log });
 */
export function createEncryptionKeys(options: EncryptionKeysOptions): TokenEncryption & { close(): void } {
  const { services, encrypted, log, monotonicMs = () => performance.now() } = options;
  const closing = new AbortController();
  const fetch = createFetch();
  const sources = new Map(
    services
      .filter(({ id }) => encrypted.has(id))
      .map(({ id, jwksUri }) => [
        id,
        createKeySource({
          fetchKey: () =>
            fetchEncryptionKey({ jwksUri, fetch, timeoutMs: fetchTimeoutMs, closing: closing.signal }),
          onFailed: (error) =>
            log.warn({ err: error, client: id }, 'the key to encrypt tokens to cannot be had'),
          seconds: () => monotonicMs() / 1000,
        }),
      ]),
  );
  return {
    wantedBy: (audience) => sources.has(audience),
    async keyOf(audience) {
      const key = await sources.get(audience)?.();
      if (key === undefined) throw unavailable(audience);
      return key;
    },
    close: () => closing.abort(),
  };
}

type KeySourceOptions = {
  readonly fetchKey: () => ReturnType<typeof fetchEncryptionKey>;
  readonly onFailed: (error: unknown) => void;
  readonly seconds: () => number;
};

type HeldKey = { readonly key: EncryptionJwk; readonly freshUntil: number; readonly usableUntil: number };

function createKeySource({ fetchKey, onFailed, seconds }: KeySourceOptions) {
  let held: HeldKey | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    askedAt = seconds();
    try {
      const { key, maxAgeSeconds = maxFreshSeconds } = await fetchKey();
      // What the service says now counts: it may have taken its key away.
      held = undefined;
      if (key === undefined) throw new Error('the service publishes no key to encrypt to');
      const freshSeconds = Math.min(maxAgeSeconds, maxFreshSeconds);
      held = { key, freshUntil: askedAt + freshSeconds, usableUntil: askedAt + usableSeconds };
    } catch (error) {
      onFailed(error);
    }
  }

  const usableKey = () => (held !== undefined && seconds() < held.usableUntil ? held.key : undefined);

  return async (): Promise<EncryptionJwk | undefined> => {
    if (held !== undefined && seconds() < held.freshUntil) return held.key;
    if (asking === undefined && seconds() - askedAt >= secondsBetweenFetches)
      asking = ask().finally(() => {
        asking = undefined;
      });
    // A service that does not answer must not keep those waiting for whom there is a key.
    if (usableKey() === undefined) await asking;
    return usableKey();
  };
}

function unavailable(audience: string): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'encryption_key_unavailable',
    detail: `The key of ${audience}, to which its tokens are encrypted, cannot be fetched at the moment. Try again.`,
    headers: { 'retry-after': String(secondsBetweenFetches) },
  });
}
