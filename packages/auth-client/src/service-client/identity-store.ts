import type { PublicJwk } from '../key-set/rsa-key.ts';

/** The public half of one replica's key. */
export interface PublishedKey {
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Where the replicas of one service keep their public keys, so that each can publish them all. A database that they
 * share; nothing in it is secret, but whoever can write to it can act as the service.
 */
export interface IdentityStore {
  /** Keeps the key, or keeps it longer. */
  put(key: PublishedKey): Promise<void>;
  /** The keys that have not expired at `now` (milliseconds since 1970), those that live longest first, 60 at most. */
  list(now: number): Promise<PublishedKey[]>;
}

/** Key sets of more than 64 keys are refused by those who verify with them. */
const maxKeys = 60;

/** Keeps the keys in this process: for a service that runs once, and for tests. */
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
