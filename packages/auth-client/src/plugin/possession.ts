import type { FastifyRequest } from 'fastify';
import { AuthError, invalidToken } from '../errors.ts';
import { invalidProof, readDpopProof } from '../proof/dpop-proof.ts';
import type { ProofReplays } from '../proof/proof-replays.ts';
import type { Authentication } from '../token/authentication.ts';
import type { PresentedToken } from '../token/presented-token.ts';

export type PossessionPolicy = {
  /** Whether every token must be bound to a key. */
  readonly isRequired: boolean;
  readonly replays: ProofReplays;
  /** The service's base URLs as clients know it; empty: what the request says. */
  readonly urls: readonly string[];
};

/**
 * Checks that the sender has the key to which the token is bound (RFC 9449 §7.1). A bound token is never accepted
 * without a proof, whatever the policy, or whoever copied it would only have to write Bearer. Returns the nonce for the
 * sender's next proof, if there is one.
 *
 * @throws AuthError invalid_token, invalid_dpop_proof or use_dpop_nonce, thrown or as the promise's rejection
 */
export function checkPossession(
  { boundTo }: Authentication,
  presented: PresentedToken,
  { request, policy }: { request: FastifyRequest; policy: PossessionPolicy },
): string | undefined | Promise<string | undefined> {
  if (boundTo === undefined) {
    if (presented.scheme === 'DPoP' || policy.isRequired) throw invalidToken('cnf: not bound to a key');
    return undefined;
  }
  if (presented.scheme === 'Bearer') throw invalidToken('cnf: bound to a key, sent as Bearer');
  if (presented.proof === undefined) throw new AuthError('invalid_dpop_proof', { reason: 'proof: missing' });
  const proof = readDpopProof(presented.proof, {
    method: request.method,
    url: urlsOf(request, policy.urls),
    accessToken: presented.token,
  });
  if (proof.thumbprint !== boundTo) throw invalidProof('another key');
  return policy.replays.accept(proof);
}

/** By the URL that was sent, not by what the app rewrites it to. */
function urlsOf({ originalUrl: path, protocol, host }: FastifyRequest, bases: readonly string[]): string[] {
  return bases.length === 0 ? [`${protocol}://${host}${path}`] : bases.map((base) => `${base}${path}`);
}
