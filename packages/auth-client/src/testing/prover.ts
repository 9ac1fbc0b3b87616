import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { ProofAlgorithm } from '../proof/proof-key.ts';
import { type ProofRequest, proofClaims, signProof, thumbprintOf } from '../proof/sign-proof.ts';

export type { ProofRequest };

export type ProofOverrides = {
  /** Replaces any claims; undefined leaves one out. */
  claims?: Record<string, unknown>;
  /** Replaces any header parameters; undefined leaves one out. */
  header?: Record<string, unknown>;
  /** Signs with another key. */
  signedBy?: KeyObject;
};

/** A client's key, and its proofs (RFC 9449). */
export type Prover = {
  /** RFC 7638: the `cnf.jkt` of tokens that are bound to it. */
  readonly thumbprint: string;
  readonly privateKey: KeyObject;
  /** A proof for one request, good unless the overrides make it bad. */
  prove(request: ProofRequest, overrides?: ProofOverrides): string;
};

const kinds: Readonly<Record<ProofAlgorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/**
 * Makes a key and proofs with it, for tests of whatever takes them.
 *
 * @example
 * const prover = createProver();
 * const accessToken = issuer.mint({ claims: { cnf: { jkt: prover.thumbprint } } });
 * const headers = { authorization: `DPoP ${accessToken}`, dpop: prover.prove({ method: 'GET', url, accessToken }) };
 */
export function createProver(alg: ProofAlgorithm = 'ES256'): Prover {
  const { publicKey, privateKey } = kinds[alg]();
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    thumbprint: thumbprintOf(jwk),
    privateKey,
    prove: (request, { claims, header, signedBy = privateKey } = {}) =>
      signProof({ alg, jwk, ...header }, { ...proofClaims(request, Date.now()), ...claims }, signedBy),
  };
}
