import { Buffer } from 'node:buffer';
import { verify } from 'node:crypto';
import { invalidToken } from '../errors.ts';
import { type CompactToken, readCompactToken, type TokenProfile } from '../token/compact-token.ts';
import type { KeySet } from './key-set.ts';
import type { VerificationKey } from './verification-key.ts';

/** A token with a good signature: its claims, still unchecked, and the key that signed it. */
export type SignedToken = {
  claims: Record<string, unknown>;
  key: VerificationKey;
};

export type Opening = {
  keySet: KeySet;
  profile: TokenProfile;
  /** Throws to refuse a token by its kid, before the key is looked up. */
  checkKey?: (kid: string) => void;
};

/**
 * Reads a token strictly, finds its key in the set and verifies the signature. Returns synchronously unless the key
 * must be fetched first.
 *
 * Does not check the claims, nor whether the key set is usable.
 *
 * @throws AuthError invalid_token, thrown or as the promise's rejection, which may be key_set_unavailable too
 */
export function openSignedToken(
  token: string,
  { keySet, profile, checkKey }: Opening,
): SignedToken | Promise<SignedToken> {
  const compact = readCompactToken(token, profile);
  checkKey?.(compact.kid);
  const key = keySet.find(compact.kid);
  if (key) return openWith(key, compact);
  const sought = profile.isEvent ? keySet.seekForEvent(compact.kid) : keySet.seek(compact.kid);
  if (!sought) throw invalidToken('unknown kid');
  return sought.then((found) => {
    if (!found) throw invalidToken('unknown kid');
    return openWith(found, compact);
  });
}

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3): `alg` is RS256, and the key is RSA. */
function openWith(key: VerificationKey, { claims, input, signature }: CompactToken): SignedToken {
  // RFC 8017 §8.2.2 step 1: the signature is exactly as long as the modulus.
  const isGood =
    signature.length === key.modulusBytes &&
    verify('sha256', Buffer.from(input, 'ascii'), key.publicKey, signature);
  if (!isGood) throw invalidToken('signature');
  return { claims, key };
}
