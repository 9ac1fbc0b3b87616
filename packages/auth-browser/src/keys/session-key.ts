import { base64url, base64urlOf, hashOf } from './base64url.ts';

/** A key of which no script can see the private part. */
export type SessionKey = CryptoKeyPair & {
  /** RFC 7638. */
  readonly thumbprint: string;
};

/** What a proof is about. */
export type ProvenRequest = {
  readonly method: string;
  readonly url: string;
  /** The access token that goes with it. */
  readonly accessToken?: string | undefined;
  /** The server's, from its last answer. */
  readonly nonce?: string | undefined;
  readonly nowMs: number;
};

/** ECDSA with P-256 (ES256): every browser has it, and every server that takes proofs. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };

export async function createSessionKey(): Promise<SessionKey> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return { publicKey, privateKey, thumbprint: await hashOf(JSON.stringify({ crv, kty, x, y })) };
}

export function isSessionKey(value: unknown): value is SessionKey {
  if (typeof value !== 'object' || value === null) return false;
  const { publicKey, privateKey, thumbprint } = value as Record<string, unknown>;
  return publicKey instanceof CryptoKey && privateKey instanceof CryptoKey && typeof thumbprint === 'string';
}

/**
 * A proof of this key for one request (RFC 9449 §4.2). Good once.
 *
 * @example const proof = await proofOf(key, { method: 'POST', url, nowMs: Date.now() });
 */
export async function proofOf(key: SessionKey, request: ProvenRequest): Promise<string> {
  const { method, url, accessToken, nonce, nowMs } = request;
  const { origin, pathname } = new URL(url);
  const claims = {
    jti: crypto.randomUUID(),
    // As fetch sends it: 'post' becomes POST, and 'patch' stays.
    htm: new Request(url, { method }).method,
    htu: origin + pathname,
    iat: Math.floor(nowMs / 1000),
    ...(accessToken !== undefined && { ath: await hashOf(accessToken) }),
    ...(nonce !== undefined && { nonce }),
  };
  const input = `${await headerOf(key)}.${base64urlOf(JSON.stringify(claims))}`;
  const bytes = new TextEncoder().encode(input);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, bytes);
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

const headers = new WeakMap<CryptoKey, Promise<string>>();

/** The same for all proofs of a key. */
function headerOf({ publicKey }: SessionKey): Promise<string> {
  const known = headers.get(publicKey) ?? makeHeader(publicKey);
  headers.set(publicKey, known);
  return known;
}

async function makeHeader(publicKey: CryptoKey): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return base64urlOf(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }));
}
