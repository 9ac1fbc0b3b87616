// Not by name: that import would throw on an old Node.js before checkRuntime can say that it is too old.
import crypto from 'node:crypto';
import { AuthError } from '../errors.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { type DpopProof, invalidProof } from './dpop-proof.ts';
import { ProofNonces } from './proof-nonces.ts';

/** How much a client's clock may differ from ours, in seconds, where no nonce is required. */
const maxAgeSeconds = 60;

/** How long a store may take that does not say so itself. */
export const storeTimeoutMs = 1000;
/** How long the key of nonces is used before the store is asked again. */
const nonceKeySeconds = 300;

/** A memory that the replicas of a service share: which proofs were used. */
export type ProofStore = {
  /** Resolves to false when `id` was used before, and remembers it for `seconds` otherwise, in one step. */
  use(id: string, seconds: number): Promise<boolean>;
  /**
   * Resolves to 32 random bytes, the same for all who share the store, so that they accept each other's nonces. Without
   * it, a client that needs nonces is sent back at each replica that it comes to.
   */
  readonly nonceKey?: () => Promise<Buffer>;
  /** How long one answer may take before the request is refused. Default 1000. */
  readonly timeoutMs?: number;
};

export type ProofReplays = {
  /**
   * Returns the nonce for the client's next proof; undefined for a client that needs none. RFC 9449 §11.3: who was given
   * a nonce must use it.
   *
   * @throws AuthError invalid_dpop_proof, use_dpop_nonce or proof_store_unavailable, thrown or as a rejection
   */
  accept(proof: DpopProof): string | Promise<string | undefined>;
};

/** Bounds the memory: about 10 MB. */
const maxRemembered = 50_000;

/**
 * No replica accepts a proof that any replica has accepted, without asking another: each proof must have a nonce that
 * this process gave out within the last two minutes, and this process remembers those that it accepted. Behind a load
 * balancer, a client that comes to another replica is sent back once for that one's nonce.
 *
 * When more proofs come than are remembered, all nonces are given up, and clients fetch new ones.
 */
export function replaysInMemory(seconds: () => number): ProofReplays {
  const nonces = new ProofNonces({ seconds });
  let [young, old] = [new Set<string>(), new Set<string>()];
  let since = Number.NEGATIVE_INFINITY;

  return {
    accept(proof) {
      if (proof.nonce === undefined || !nonces.isCurrent(proof.nonce)) throw nonceNeeded(nonces.current);
      const now = seconds();
      // A nonce is accepted for two minutes at most, so proofs that are older than that cannot come again.
      if (now - since >= 120) [young, old, since] = [new Set(), young, now];
      const id = idOf(proof);
      if (young.has(id) || old.has(id)) throw invalidProof('replayed');
      if (young.size + old.size >= maxRemembered) {
        nonces.renew();
        [young, old] = [new Set(), new Set()];
        throw nonceNeeded(nonces.current);
      }
      young.add(id);
      return nonces.current;
    },
  };
}

/**
 * A proof is accepted once by all who share `store`. A nonce is required only of a client whose clock is wrong by more
 * than a minute. While the store does not answer in time, requests are refused.
 */
export function replaysInStore(store: ProofStore, seconds: () => number): ProofReplays {
  const { nonceKey, timeoutMs = storeTimeoutMs } = store;
  let known = nonceKey === undefined ? new ProofNonces({ seconds }) : undefined;
  let knownSince = seconds();

  /** Asks for the key again now and then: a store that lost its data has another one. */
  async function noncesOf(): Promise<ProofNonces> {
    if (known !== undefined && (nonceKey === undefined || seconds() - knownSince < nonceKeySeconds))
      return known;
    const key = nonceKey && (await orUnavailable(timeoutMs, nonceKey));
    known = new ProofNonces({ ...(key && { key }), seconds });
    knownSince = seconds();
    return known;
  }

  return {
    async accept(proof) {
      const { nonce, iat } = proof;
      const nonces = await noncesOf();
      if (nonce !== undefined && !nonces.isCurrent(nonce)) throw nonceNeeded(nonces.current);
      if (nonce === undefined && Math.abs(seconds() - iat) > maxAgeSeconds) throw nonceNeeded(nonces.current);
      // By its nonce or its time, a proof is good for two minutes at most.
      if (!(await orUnavailable(timeoutMs, () => store.use(idOf(proof), 150))))
        throw invalidProof('replayed');
      return nonce === undefined ? undefined : nonces.current;
    },
  };
}

async function orUnavailable<Result>(timeoutMs: number, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await withDeadline(timeoutMs, ask);
  } catch (cause) {
    const headers = { 'retry-after': '1' };
    throw new AuthError('proof_store_unavailable', { reason: 'proof: store', headers, cause });
  }
}

/** Short, and of one length: the client chooses the `jti`. */
function idOf({ thumbprint, jti }: DpopProof): string {
  return crypto.hash('sha256', `${thumbprint}.${jti}`, 'base64url');
}

function nonceNeeded(nonce: string): AuthError {
  return new AuthError('use_dpop_nonce', { headers: { 'dpop-nonce': nonce } });
}
