import { AuthClientError } from '../errors.ts';
import type { EncryptionJwk } from '../key-set/encryption-key.ts';
import { generateRsaKey, type PublicJwk, type RsaKey } from '../key-set/rsa-key.ts';
import { createTokenDecryption, type TokenDecryption } from '../key-set/token-decryption.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import {
  AuthClientOptionsError,
  faultsOfNames,
  faultsOfNumbers,
  isServiceName,
} from '../runtime/option-checks.ts';
import { signAssertion } from './client-assertion.ts';
import { createMemoryIdentityStore, type IdentityStore } from './identity-store.ts';

export type ServiceIdentityOptions = {
  /** The service's name, as the authorization server knows it. */
  clientId: string;
  /** Stores the public keys of all replicas. Default this process's memory: enough for one replica. */
  store?: IdentityStore;
  /**
   * Private keys on P-256, each 32 bytes in base64url, with which this service opens access tokens that are encrypted
   * to it. All replicas have the same: the issuer encrypts to the first, and all open tokens. Default none.
   */
  decryptionKeys?: readonly string[];
  /** How long one key signs. Default 24. */
  rotationHours?: number;
  /** Called when the key could not be published, for the log. */
  onFailed?: (error: unknown) => void;
  /** Default the system's clocks. */
  clock?: Clock;
};

/** A service's identity and the means to prove it. */
export type ServiceIdentity = {
  readonly clientId: string;
  /** Resolves once the key is published. @throws AuthClientError identity_unavailable */
  ready(): Promise<void>;
  /** A client assertion for this issuer, good for one use. @throws AuthClientError identity_unavailable */
  assertion(issuer: string): Promise<string>;
  /**
   * For /.well-known/jwks.json: the keys with which the replicas sign, and the one to which tokens are encrypted, if
   * there is one. @throws what the store throws
   */
  publicKeys(): Promise<(PublicJwk | EncryptionJwk)[]>;
  /** Opens access tokens, for the option of authClient; null without decryptionKeys. */
  readonly decryption: TokenDecryption | null;
  /** Whether the key that signs was published so recently that the authorization server may not know it yet. */
  readonly justPublished: boolean;
  /** Stops publishing: the key disappears when it expires. */
  close(): void;
};

interface HeldKey extends RsaKey {
  madeAtMs: number;
  /** Monotonic; undefined until the key is in the store. */
  publishedAtMs: number | undefined;
}

/** The key of a dead replica disappears after this; so does a replaced key. */
const keyLifetimeMs = 600_000;
/** Often enough that keys of live replicas stay newer than those left behind by a replica in a crash loop. */
const publishEveryMs = 30_000;
const retryAfterMs = 2000;
/** Longer than the key set may be cached (max-age=5). */
const settleMs = 6000;
const hourMs = 3_600_000;
const numbers = { rotationHours: { standard: 24, min: 1, max: 8760 } } as const;
const impossible = 'a service’s identity cannot be made';
const known = new Set(['clientId', 'store', 'decryptionKeys', 'rotationHours', 'onFailed', 'clock']);

/**
 * Makes this process's identity: a key pair that never leaves the process. The public key is published through the
 * store as long as the process lives. A new key is published some seconds before it signs, and the old one stays
 * published for at least five minutes after that.
 *
 * Does not serve the keys: a route of the service does, from publicKeys(). Close it when the service closes.
 *
 * @throws AuthClientOptionsError
 * @example
 * const identity = createServiceIdentity({ clientId: 'payment-service', store })
 * const assertion = await identity.assertion('http://localhost:4000')
 */
export function createServiceIdentity(options: ServiceIdentityOptions): ServiceIdentity {
  check(options);
  const decryption = decryptionOf(options);
  const { clientId, clock = systemClock, onFailed } = options;
  const rotationHours = options.rotationHours ?? numbers.rotationHours.standard;
  const store = options.store ?? createMemoryIdentityStore();
  let current: HeldKey | undefined;
  let next: HeldKey | undefined;
  let publishing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function make(): Promise<HeldKey> {
    return { ...(await generateRsaKey()), madeAtMs: clock.monotonicMs(), publishedAtMs: undefined };
  }

  async function publish(): Promise<void> {
    current ??= await make();
    if (!next && clock.monotonicMs() - current.madeAtMs >= rotationHours * hourMs) next = await make();
    for (const key of next ? [next, current] : [current]) {
      await store.put({ kid: key.kid, jwk: key.jwk, expiresAt: clock.wallMs() + keyLifetimeMs });
      key.publishedAtMs ??= clock.monotonicMs();
    }
  }

  function publishNow(): Promise<void> {
    clearTimeout(timer);
    publishing = publish()
      .then(
        () => publishEveryMs,
        (error: unknown) => {
          onFailed?.(error);
          return retryAfterMs;
        },
      )
      .then((delayMs) => {
        publishing = undefined;
        if (!closed) timer = setTimeout(() => void publishNow(), delayMs).unref();
      });
    return publishing;
  }

  async function signingKey(): Promise<HeldKey> {
    if (current?.publishedAtMs === undefined) await publishing;
    if (next && isOlder(next, settleMs)) {
      current = next;
      next = undefined;
    }
    if (current?.publishedAtMs === undefined)
      throw new AuthClientError('identity_unavailable', 'This service’s public key is not published yet');
    return current;
  }

  function isOlder({ publishedAtMs = Number.POSITIVE_INFINITY }: HeldKey, ageMs: number): boolean {
    return clock.monotonicMs() - publishedAtMs >= ageMs;
  }

  void publishNow();
  return {
    clientId,
    async ready() {
      await signingKey();
    },
    assertion: async (audience) =>
      signAssertion(await signingKey(), { clientId, audience, now: clock.wallMs() }),
    publicKeys: async () => [
      ...(await store.list(clock.wallMs())).map(({ jwk }) => jwk),
      ...(decryption ? [decryption.publicKey] : []),
    ],
    decryption,
    get justPublished() {
      return current !== undefined && !isOlder(current, settleMs);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** Whether a value has the shape of what createServiceIdentity returns. */
export function isServiceIdentity(value: unknown): value is ServiceIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { clientId, assertion, publicKeys } = value as Partial<ServiceIdentity>;
  return isServiceName(clientId) && typeof assertion === 'function' && typeof publicKeys === 'function';
}

function check(options: ServiceIdentityOptions): void {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const faults = [
    ...faultsOfNames(given, known),
    ...(isServiceName(given.clientId) ? [] : ['clientId must be a service’s name']),
    ...(given.store === undefined || isStore(given.store) ? [] : ['store must have put() and list()']),
    ...faultsOfNumbers(given, numbers),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, impossible);
}

function decryptionOf({ decryptionKeys: keys = [] }: ServiceIdentityOptions): TokenDecryption | null {
  try {
    return keys.length === 0 ? null : createTokenDecryption(keys);
  } catch (error) {
    throw new AuthClientOptionsError([`decryptionKeys: ${(error as Error).message}`], impossible);
  }
}

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { put, list } = value as Partial<IdentityStore>;
  return typeof put === 'function' && typeof list === 'function';
}
