import { AuthError } from '@latchkey/auth-client';
import { type ProofReplays, readDpopProof } from '@latchkey/auth-client/proof';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TokenError } from './token-error.ts';

/** Reads the thumbprint of the key that a request proves to have; undefined for a request without a proof. */
export type ReadProof = (request: FastifyRequest, reply: FastifyReply) => Promise<string | undefined>;

/**
 * Checks the proofs that clients send to OAuth's endpoints (RFC 9449 §5), where there is no access token yet. Each
 * answer to one has the nonce for the next.
 *
 * Rejects with TokenError `invalid_dpop_proof` or `use_dpop_nonce`, and with ProblemError 503 when Redis does not answer.
 */
export function createProofReader({
  issuer,
  replays,
}: {
  readonly issuer: string;
  readonly replays: ProofReplays;
}): ReadProof {
  return async (request, reply) => {
    const proofs = proofsIn(request.raw.rawHeaders);
    const [proof] = proofs;
    if (proof === undefined) return undefined;
    reply.header('dpop-nonce', replays.nonce);
    try {
      if (proofs.length > 1) throw new AuthError('invalid_dpop_proof');
      const url = `${issuer}${request.routeOptions.url ?? ''}`;
      const read = readDpopProof(proof, { method: request.method, url });
      await replays.accept(read);
      return read.thumbprint;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      throw error.code === 'use_dpop_nonce'
        ? new TokenError('use_dpop_nonce', 'The proof needs the nonce of the header DPoP-Nonce.')
        : new TokenError(
            'invalid_dpop_proof',
            'The proof is not valid for this request, or was used before.',
          );
    }
  };
}

/** RFC 9449 §4.3 allows one. */
function proofsIn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'dpop');
}
