import { ProblemError } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyProofs } from '../sessions/key-proofs.ts';
import { TokenError } from './token-error.ts';

/**
 * Reads the thumbprint of the key that a request proves to have; undefined for a request without a proof.
 *
 * Rejects with TokenError `invalid_dpop_proof` or `use_dpop_nonce`, and with ProblemError 503 when Redis does not answer.
 */
export type ReadProof = (request: FastifyRequest, reply: FastifyReply) => Promise<string | undefined>;

/** The proofs of OAuth's endpoints. */
export function createProofReader({ keyOf }: Pick<KeyProofs, 'keyOf'>): ReadProof {
  return async (request, reply) => {
    try {
      return await keyOf(request, reply);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { code } = error;
      throw code === 'use_dpop_nonce' || code === 'invalid_dpop_proof'
        ? new TokenError(code, error.message)
        : error;
    }
  };
}
