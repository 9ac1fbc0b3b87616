import { createHash, createPublicKey } from 'node:crypto';
import { CompactEncrypt } from 'jose/jwe/compact/encrypt';
import { encryptionHeader } from '../token/encrypted-token.ts';
import { isKeyId } from '../token/key-id.ts';
import { type FetchKeySetOptions, fetchJwkSet } from './fetch-key-set.ts';

/** A public key on P-256 to which tokens are encrypted, as it is published (RFC 7517 §4, RFC 7518 §6.2.1). */
export type EncryptionJwk = Readonly<Record<'kty' | 'crv' | 'x' | 'y' | 'kid' | 'use' | 'alg', string>>;

const privateMembers = ['d', 'k'];

/** The published form of a point; its `kid` is its thumbprint (RFC 7638). */
export function encryptionJwk({ x, y }: { x: string; y: string }): EncryptionJwk {
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  return Object.freeze({ kty: 'EC', crv: 'P-256', x, y, kid, use: 'enc', alg: encryptionHeader.alg });
}

/**
 * Fetches the key to which the publisher of this key set wants its tokens encrypted: the first usable one of `use: enc`
 * with `alg: ECDH-ES`, on P-256. Undefined when the set has none. Remembers nothing, and asks once. `maxAgeSeconds`: how
 * long the answer may be kept, if it says so.
 *
 * @throws when the key set cannot be fetched within the timeout, or is none
 * @example
 * const { key } = await fetchEncryptionKey({ jwksUri, fetch, timeoutMs: 2000, closing })
 */
export async function fetchEncryptionKey(
  options: FetchKeySetOptions,
): Promise<{ key: EncryptionJwk | undefined; maxAgeSeconds: number | undefined }> {
  const { members, maxAgeSeconds } = await fetchJwkSet(options);
  const key = members.map(readEncryptionKey).find((usable) => usable !== undefined);
  return { key, maxAgeSeconds };
}

function readEncryptionKey(value: unknown): EncryptionJwk | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kty, crv, x, y, kid, use, alg } = value as Record<string, unknown>;
  if (use !== 'enc' || alg !== encryptionHeader.alg || kty !== 'EC' || crv !== 'P-256') return undefined;
  if (!isKeyId(kid) || typeof x !== 'string' || typeof y !== 'string') return undefined;
  if (privateMembers.some((name) => Object.hasOwn(value, name))) return undefined;
  try {
    // Throws for a point that is not on the curve.
    createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' });
  } catch {
    return undefined;
  }
  return Object.freeze({ kty, crv, x, y, kid, use, alg });
}

/**
 * Encrypts a signed token to a service's key: a nested JWT (RFC 7519 §5.2) with ECDH-ES and A256GCM (RFC 7518 §4.6,
 * §5.3), in compact form. Does not look into the token.
 *
 * @example const accessToken = await encryptToken(signed, key)
 */
export function encryptToken(signed: string, key: EncryptionJwk): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ ...encryptionHeader, kid: key.kid })
    .encrypt(key);
}
