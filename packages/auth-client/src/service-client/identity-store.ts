import type { PublicJwk } from '../key-set/rsa-key.ts';

/** The public half of one replica's key. */
export type PublishedKey = {
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

/**
 * Stores the public keys of all replicas of a service, so that each replica can publish them all. It is a database that
 * the replicas share. Nothing in it is secret, but anyone who can write to it can act as the service.
 */
export type IdentityStore = {
  /** Stores the key, or extends its expiry. */
  put(key: PublishedKey): Promise<void>;
  /** The keys that have not expired at `now` (milliseconds since 1970), the latest expiry first, at most 60. */
  list(now: number): Promise<PublishedKey[]>;
};

/** Verifiers refuse key sets of more than 64 keys. */
const maxKeys = 60;

/** Keeps the keys in this process's memory: for a service with one replica, and for tests. */
export function createMemoryIdentityStore(): IdentityStore {
  const keys = new Map<string, PublishedKey>();
  return {
    async put(key) {
      keys.set(key.kid, key);
    },
    async list(now) {
      for (const { kid, expiresAt } of keys.values()) if (expiresAt <= now) keys.delete(kid);
      return [...keys.values()].sort((a, b) => b.expiresAt - a.expiresAt).slice(0, maxKeys);
    },
  };
}
