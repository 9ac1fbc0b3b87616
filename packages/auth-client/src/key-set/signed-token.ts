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
 * Does not check the claims beyond the key's own policy, nor whether the key set is usable.
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
  const read = { token, compact, isEvent: profile.isEvent === true };
  if (key) return openWith(key, read);
  const sought = read.isEvent ? keySet.seekForEvent(compact.kid) : keySet.seek(compact.kid);
  if (!sought) throw invalidToken('unknown kid');
  return sought.then((found) => {
    if (!found) throw invalidToken('unknown kid');
    return openWith(found, read);
  });
}

function openWith(
  key: VerificationKey,
  { token, compact, isEvent }: { token: string; compact: CompactToken; isEvent: boolean },
): SignedToken {
  // RFC 8017 §8.2.2 step 1: the signature is exactly as long as the modulus.
  if (compact.signatureBytes !== key.modulusBytes) throw invalidToken('signature');
  try {
    return { claims: isEvent ? key.verifyEvent(token) : key.verify(token), key };
  } catch (error) {
    throw invalidToken(error instanceof Error && 'code' in error ? String(error.code) : 'unexpected', error);
  }
}
