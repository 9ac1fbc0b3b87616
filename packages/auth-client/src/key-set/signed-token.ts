import { invalidToken } from '../errors.ts';
import { type CompactToken, readCompactToken, type TokenProfile } from '../token/compact-token.ts';
import type { KeySet } from './key-set.ts';
import type { VerificationKey } from './verification-key.ts';

/** A token whose signature is good: its payload, whose claims nobody has judged yet, and the key that it was made with. */
export interface SignedToken {
  claims: Record<string, unknown>;
  key: VerificationKey;
}

export interface Opening {
  keySet: KeySet;
  profile: TokenProfile;
  /** Refuses, by throwing, tokens that name a key which is not even to be looked for. */
  checkKey?: (kid: string) => void;
}

/**
 * Reads a token strictly, finds its key in the set and verifies the signature. Answers at once, unless the key must be
 * fetched first.
 *
 * Does not check the claims (beyond what the key's own policy does), and does not ask whether the key set is usable.
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
