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
  readonly urlsOf: RequestUrls;
};

/** The URLs by which a client may know what it requests. */
export type RequestUrls = (request: FastifyRequest) => readonly string[];

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
    url: policy.urlsOf(request),
    accessToken: presented.token,
  });
  if (proof.thumbprint !== boundTo) throw invalidProof('another key');
  return policy.replays.accept(proof);
}

/**
 * By the URL that was sent, not by what the app rewrites it to. `bases`: the service's base URLs as clients know it;
 * empty: what the request says. A proxy removes the path of a base URL, or leaves it.
 */
export function requestUrls(bases: readonly string[]): RequestUrls {
  if (bases.length === 0)
    return ({ originalUrl, protocol, host }) => [`${protocol}://${host}${pathOf(originalUrl)}`];
  const known = bases.map((base) => ({ base, ...partsOf(base) }));
  return ({ originalUrl }) => {
    const path = pathOf(originalUrl);
    return known.flatMap(({ base, origin, isBelow }) => {
      // Both: a route may begin with the same segments, so what was sent does not tell whether the path was removed.
      return isBelow(path) ? [`${base}${path}`, `${origin}${path}`] : [`${base}${path}`];
    });
  };
}

/** A proxy may send the whole URL as the request's target (absolute-form, RFC 9112 §3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
}

function partsOf(base: string): { origin: string; isBelow: (path: string) => boolean } {
  const { origin, pathname } = new URL(base);
  const isBelow = (path: string) =>
    path.startsWith(pathname) && ['/', '?', undefined].includes(path[pathname.length]);
  return { origin, isBelow: pathname === '/' ? () => false : isBelow };
}
