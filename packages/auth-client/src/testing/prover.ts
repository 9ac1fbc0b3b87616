import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { ProofAlgorithm } from '../proof/proof-key.ts';

export type ProofOverrides = {
  /** Replaces any claims; undefined leaves one out. */
  claims?: Record<string, unknown>;
  /** Replaces any header parameters; undefined leaves one out. */
  header?: Record<string, unknown>;
  /** Signs with another key. */
  signedBy?: KeyObject;
};

export type ProofRequest = {
  method: string;
  url: string;
  accessToken?: string | undefined;
  nonce?: string | undefined;
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
  // RFC 7638 §3: the required members in the order of their names.
  const required = Object.entries(jwk).sort(([one], [other]) => (one < other ? -1 : 1));
  const thumbprint = createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(required)))
    .digest('base64url');
  return {
    thumbprint,
    privateKey,
    prove({ method, url, accessToken, nonce }, { claims, header, signedBy = privateKey } = {}) {
      const payload = {
        jti: randomUUID(),
        htm: method,
        htu: url.replace(/[?#].*$/s, ''),
        iat: Math.floor(Date.now() / 1000),
        ...(accessToken !== undefined && {
          ath: createHash('sha256').update(accessToken).digest('base64url'),
        }),
        ...(nonce !== undefined && { nonce }),
        ...claims,
      };
      const input = [{ typ: 'dpop+jwt', alg, jwk, ...header }, payload]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const hash = alg === 'EdDSA' ? null : 'sha256';
      const signature = sign(hash, Buffer.from(input), { key: signedBy, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
  };
}
