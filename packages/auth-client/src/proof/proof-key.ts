import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readRsaNumbers } from '../key-set/rsa-numbers.ts';

/** The algorithms of proofs that we verify (RFC 7518 §3.1, RFC 8037 §3.1). */
export const proofAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const;

export type ProofAlgorithm = (typeof proofAlgorithms)[number];

/** A public key that came with a proof. */
export type ProofKey = {
  /** RFC 7638 */
  readonly thumbprint: string;
  readonly isSignedBy: (data: string, signature: Buffer) => boolean;
};

/** For each algorithm: its members of the key in the order of RFC 7638 §3, and the length of its signature. */
const kinds = {
  ES256: { required: { crv: 'P-256', kty: 'EC' }, members: ['crv', 'kty', 'x', 'y'], signatureBytes: 64 },
  EdDSA: { required: { crv: 'Ed25519', kty: 'OKP' }, members: ['crv', 'kty', 'x'], signatureBytes: 64 },
  RS256: { required: { kty: 'RSA' }, members: ['e', 'kty', 'n'], signatureBytes: undefined },
} as const;

const isBase64url = /^[A-Za-z0-9_-]{1,1024}$/;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Bounds the work per proof. */
const maxModulusBits = 4096;

/** The key of a proof's header; undefined when it is none that we verify with, or has a private part. */
export function readProofKey(alg: unknown, jwk: unknown): ProofKey | undefined {
  const algorithm = proofAlgorithms.find((name) => name === alg);
  if (algorithm === undefined || typeof jwk !== 'object' || jwk === null) return undefined;
  const { required, members, signatureBytes } = kinds[algorithm];
  const given = jwk as Record<string, unknown>;
  // RFC 9449 §4.3: the header must not have a private key.
  if (privateMembers.some((name) => Object.hasOwn(given, name))) return undefined;
  if (Object.entries(required).some(([name, value]) => given[name] !== value)) return undefined;
  const key: Record<string, string> = {};
  for (const name of members) {
    const value = given[name];
    if (typeof value !== 'string' || (!Object.hasOwn(required, name) && !isBase64url.test(value)))
      return undefined;
    key[name] = value;
  }
  // Without isFactorable: anybody can send keys, and it takes several times as long as the rest of a proof. A client
  // that picks a modulus which others can split harms nobody else.
  if (algorithm === 'RS256' && 'refused' in readRsaNumbers(key, maxModulusBits)) return undefined;
  const publicKey = openKey(key);
  if (publicKey === undefined) return undefined;
  return {
    thumbprint: createHash('sha256').update(JSON.stringify(key)).digest('base64url'),
    isSignedBy: (data, signature) =>
      (signatureBytes === undefined || signature.length === signatureBytes) &&
      verify(
        algorithm === 'EdDSA' ? null : 'sha256',
        Buffer.from(data, 'ascii'),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        signature,
      ),
  };
}

function openKey(key: Record<string, string>): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}
