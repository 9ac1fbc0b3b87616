import { ProblemError } from '@latchkey/service-kit';
import type { KeyProofs } from '../sessions/key-proofs.ts';
import { TokenError } from './token-error.ts';

/**
 * Reads the thumbprint of the key that a request proves to have; undefined for a request without a proof. Such a request is
 * refused for a client that gets bound tokens only; null: the request does not ask for tokens.
 *
 * Rejects with TokenError `invalid_dpop_proof` or `use_dpop_nonce`, and with ProblemError 503 when Redis does not answer.
 */
export type ReadProof = KeyProofs['keyOf'];

/** The proofs of OAuth's endpoints. */
export function createProofReader({ keyOf }: Pick<KeyProofs, 'keyOf'>): ReadProof {
  return async (request, reply, client) => {
    try {
      return await keyOf(request, reply, client);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { code } = error;
      throw code === 'use_dpop_nonce' || code === 'invalid_dpop_proof'
        ? new TokenError(code, error.message)
        : error;
    }
  };
}
