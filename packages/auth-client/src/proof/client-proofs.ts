import { generateKeyPairSync } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';
import { proofClaims, signProof, thumbprintOf } from './sign-proof.ts';

/** The proofs of one client: its key, and the nonces that servers gave it. */
export type ClientProofs = {
  /** RFC 7638: the `cnf.jkt` of tokens that are bound to the key. */
  readonly thumbprint: string;
  /**
   * The headers of one request: `dpop`, and `authorization` if there is a token. Call it again for each attempt, because
   * a proof is good once.
   */
  headersFor(request: {
    readonly method: string;
    readonly url: string;
    readonly accessToken?: string;
  }): Record<string, string>;
  /**
   * Keeps the nonce of an answer (RFC 9449 §8.2). Returns true if a service wants the same request again with it (§9).
   */
  learn(url: string, response: Pick<Response, 'status' | 'headers'>): boolean;
};

/** RFC 9449 §8.1: the characters of a nonce. The length is what we accept. */
const nonceShape = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;
const wantsNonce = /(?:^|[\s,])error="?use_dpop_nonce"?(?=$|[\s,])/;
const maxOrigins = 1000;

/**
 * Makes a key that never leaves the process (ES256), and proofs with it (RFC 9449 §4). It remembers the last nonce of
 * each origin.
 *
 * @example
 * const proofs = createClientProofs(systemClock);
 * const response = await fetch(url, { headers: proofs.headersFor({ method: 'GET', url, accessToken }) });
 * if (proofs.learn(url, response)) // send it again, with new headers
 */
export function createClientProofs(clock: Pick<Clock, 'wallMs'>): ClientProofs {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const nonces = new Map<string, string>();
  return {
    thumbprint: thumbprintOf(jwk),
    headersFor(request) {
      const { accessToken } = request;
      const nonce = nonces.get(new URL(request.url).origin);
      const dpop = signProof(
        { alg: 'ES256', jwk },
        proofClaims({ ...request, nonce }, clock.wallMs()),
        privateKey,
      );
      return { dpop, ...(accessToken !== undefined && { authorization: `DPoP ${accessToken}` }) };
    },
    learn(url, { status, headers }) {
      const nonce = headers.get('dpop-nonce');
      if (nonce === null || !nonceShape.test(nonce)) return false;
      if (nonces.size >= maxOrigins) nonces.clear();
      nonces.set(new URL(url).origin, nonce);
      return status === 401 && wantsNonce.test(headers.get('www-authenticate') ?? '');
    },
  };
}
