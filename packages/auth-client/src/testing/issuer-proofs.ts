import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { type DpopProof, type ExpectedProof, readDpopProof } from '../proof/dpop-proof.ts';
import { replaysInStore } from '../proof/proof-replays.ts';

export type ReadTestProof = (
  request: IncomingMessage,
  accessToken?: string,
) => Promise<DpopProof | undefined>;

/**
 * Reads the proofs of requests to the test issuer as auth-service does: each is good once, and a client whose clock is
 * wrong by more than a minute needs a nonce.
 *
 * @param bases the issuer's address, and its identifier
 */
export function createTestProofs(bases: () => readonly string[], now: () => number): ReadTestProof {
  const used = new Set<string>();
  const replays = replaysInStore(
    { use: async (id) => !used.has(id) && Boolean(used.add(id)) },
    () => now() / 1000,
  );

  return async ({ headers, method = '', url = '' }, accessToken) => {
    const { dpop } = headers;
    if (dpop === undefined) return undefined;
    if (typeof dpop !== 'string') throw new AuthError('invalid_dpop_proof');
    const expected: ExpectedProof = { method, url: bases().map((base) => `${base}${url}`), accessToken };
    const proof = readDpopProof(dpop, expected);
    await replays.accept(proof);
    return proof;
  };
}
