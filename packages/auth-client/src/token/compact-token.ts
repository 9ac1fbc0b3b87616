import type { Buffer } from 'node:buffer';
import { invalidToken } from '../errors.ts';
import { bytesOf, segmentsOf, typeOf, utf8 } from './compact-segments.ts';
import { isKeyId } from './key-id.ts';
import { parseJsonObject, StrictJsonError } from './strict-json.ts';

/** The longest token that is read, in characters, unless its profile says otherwise. */
export const maxTokenLength = 8192;

/** The result of reading a token strictly, before a key is chosen. */
export type CompactToken = {
  /** Names the key. */
  kid: string;
  /** Not to be believed until the signature has been verified. */
  claims: Record<string, unknown>;
  /** What is signed (RFC 7515 §5.2): ASCII. */
  input: string;
  signature: Buffer;
};

/** The expected kind of token. `typ` keeps the kinds apart, so that none passes for another (RFC 8725 §3.11). */
export type TokenProfile = {
  /** Media types without `application/`, in lower case; null stands for a header without `typ`. */
  types: readonly (string | null)[];
  /** Further header parameters to refuse, besides those that are always refused. */
  refusedParameters?: readonly string[];
  /** In characters. Default 8192. */
  maxLength?: number;
  /** A security event of the issuer, to be verified by the policy for events. */
  isEvent?: boolean;
};

/** RFC 9068 §2.1 */
export const accessTokenProfile: TokenProfile = { types: ['at+jwt'] };

// Each of these would let the header choose the key, or how to read the token. Other unknown parameters are ignored
// (RFC 7515 §4): a parameter that must not be ignored is named in crit, and crit is refused.
export const refusedParameters: readonly string[] = ['crit', 'b64', 'zip', 'jwk', 'jku', 'x5u', 'x5c'];

/**
 * Reads a token of RFC 7515 §7.1 (compact serialization) strictly, so that every byte has one meaning: three non-empty
 * segments of canonical base64url, UTF-8, JSON objects without duplicate names or lone surrogates, and a header with
 * RS256, a `typ` of the profile and a kid.
 *
 * Does not verify the signature or check the claims.
 *
 * @throws AuthError invalid_token
 */
export function readCompactToken(token: string, profile: TokenProfile = accessTokenProfile): CompactToken {
  const { header, payload, signature } = segmentsOf(token, profile.maxLength ?? maxTokenLength);
  try {
    const kid = kidOf(header, profile);
    const claims = parseJsonObject(utf8(payload));
    return { kid, claims, input: token.slice(0, -signature.length - 1), signature: bytesOf(signature) };
  } catch (error) {
    if (error instanceof StrictJsonError) throw invalidToken('json', error);
    throw error;
  }
}

/** The header that was last good for each profile: all tokens of a key have the same one, to the letter. */
const lastGood = new WeakMap<TokenProfile, { readonly header: string; readonly kid: string }>();

function kidOf(header: string, profile: TokenProfile): string {
  const known = lastGood.get(profile);
  if (known?.header === header) return known.kid;
  const kid = checkedKid(parseJsonObject(utf8(header)), profile);
  lastGood.set(profile, { header, kid });
  return kid;
}

function checkedKid(header: Record<string, unknown>, profile: TokenProfile): string {
  for (const name of [...refusedParameters, ...(profile.refusedParameters ?? [])])
    if (Object.hasOwn(header, name)) throw invalidToken('header');
  const { alg, typ, kid } = header;
  if (alg !== 'RS256') throw invalidToken('alg');
  if (Object.hasOwn(header, 'typ') && typeof typ !== 'string') throw invalidToken('typ');
  if (!profile.types.includes(typeOf(typ))) throw invalidToken('typ');
  if (!isKeyId(kid)) throw invalidToken('kid');
  return kid;
}
