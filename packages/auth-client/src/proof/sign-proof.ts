import { createHash, type KeyObject, randomUUID, sign } from 'node:crypto';

/** A request that a proof is for. */
export type ProofRequest = {
  method: string;
  /** With or without its query, which does not count. */
  url: string;
  /** The access token that the request has, if any. */
  accessToken?: string | undefined;
  nonce?: string | undefined;
};

/** The claims of a proof (RFC 9449 §4.2). */
export function proofClaims({ method, url, accessToken, nonce }: ProofRequest, nowMs: number) {
  return {
    jti: randomUUID(),
    htm: method,
    htu: url.replace(/[?#].*$/s, ''),
    iat: Math.floor(nowMs / 1000),
    ...(accessToken !== undefined && { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    ...(nonce !== undefined && { nonce }),
  };
}

/** Signs a proof. Does not check that the header names the key and its algorithm. */
export function signProof(header: object, claims: object, privateKey: KeyObject): string {
  const input = [{ typ: 'dpop+jwt', ...header }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** RFC 7638 §3: the required members in the order of their names. A public key has no others when it is exported. */
export function thumbprintOf(jwk: object): string {
  const required = Object.entries(jwk).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(required)))
    .digest('base64url');
}
