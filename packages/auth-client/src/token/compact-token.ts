import { Buffer, isUtf8 } from 'node:buffer';
import { invalidToken } from '../errors.ts';
import { isKeyId } from './key-id.ts';
import { parseJsonObject, StrictJsonError, scanJson } from './strict-json.ts';

/** The longest token that is read, in characters, unless its profile says otherwise. */
const maxTokenLength = 8192;

/** The result of reading a token strictly, before a key is chosen. */
export type CompactToken = {
  /** Names the key. */
  kid: string;
  /** Length of the signature in bytes. For RS256 it must equal the length of the modulus. */
  signatureBytes: number;
};

const threeSegments = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
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

const mediaTypePrefix = /^application\//;
// Each of these would let the header choose the key, or how to read the token. Other unknown parameters are ignored
// (RFC 7515 §4): a parameter that must not be ignored is named in crit, and crit is refused.
const refusedParameters = ['crit', 'b64', 'zip', 'jwk', 'jku', 'x5u', 'x5c'];

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
  if (token.length > (profile.maxLength ?? maxTokenLength)) throw invalidToken('length');
  const segments = threeSegments.exec(token);
  if (!segments) throw invalidToken('format');
  const [, header = '', payload = '', signature = ''] = segments;
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature))
    throw invalidToken('base64url');
  try {
    const kid = kidOf(header, profile);
    // Only scanned: @fastify/jwt parses the payload from the same bytes once the signature has been verified.
    scanJson(utf8(payload));
    return { kid, signatureBytes: Math.floor((signature.length * 3) / 4) };
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

// RFC 9068 §4 allows both spellings; media types compare without case (RFC 7515 §4.1.9, RFC 2045 §5.1).
function typeOf(typ: unknown): string | null {
  return typeof typ === 'string' ? typ.toLowerCase().replace(mediaTypePrefix, '') : null;
}

/** RFC 4648 §3.5: the unused bits of the last character must be zero, or several texts would encode one value. */
function isCanonical(segment: string): boolean {
  const rest = segment.length % 4;
  if (rest === 0) return true;
  if (rest === 1) return false;
  const unusedBits = rest === 2 ? 0b1111 : 0b11;
  return (sextet(segment.charCodeAt(segment.length - 1)) & unusedBits) === 0;
}

function sextet(code: number): number {
  if (code === 0x2d) return 62;
  if (code === 0x5f) return 63;
  if (code <= 0x39) return code - 0x30 + 52;
  return code <= 0x5a ? code - 0x41 : code - 0x61 + 26;
}

function utf8(segment: string): string {
  const bytes = Buffer.from(segment, 'base64url');
  if (!isUtf8(bytes)) throw invalidToken('utf8');
  return bytes.toString('utf8');
}
