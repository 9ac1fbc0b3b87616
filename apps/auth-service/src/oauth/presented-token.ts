import { readJwsPart } from '../tokens/compact-jws.ts';

/** What a presented token looks like. Nothing in it is verified. */
export type PresentedToken =
  | { readonly looksLike: 'refresh_token' | 'encrypted_token' | 'nothing' }
  | { readonly looksLike: 'access_token'; readonly audiences: readonly string[] }
  /** A JWT of another type: a client assertion, a security event. */
  | { readonly looksLike: 'other_token' };

/** RFC 9068 §2.1; RFC 7515 §4.1.9 makes the prefix optional. */
const accessTokenType = /^(application\/)?at\+jwt$/i;

/**
 * Detects the kind of a token by its format, so that no hint is needed (RFC 7009 §2.1 and RFC 7662 §2.1 allow that).
 * For an access token it also returns the audiences, so that the caller can choose a verifier. Verifies nothing.
 *
 * @example
 * readPresentedToken('rt1.k1.0-abc…').looksLike; // 'refresh_token'
 */
export function readPresentedToken(text: string): PresentedToken {
  if (text.startsWith('rt1.')) return { looksLike: 'refresh_token' };
  const parts = text.split('.');
  // RFC 7516 §4.1.2: only an encrypted token has `enc`.
  if (parts.length === 5 && typeof readJwsPart(parts[0])?.['enc'] === 'string')
    return { looksLike: 'encrypted_token' };
  if (parts.length !== 3) return { looksLike: 'nothing' };
  const type = readJwsPart(parts[0])?.['typ'];
  if (typeof type !== 'string') return { looksLike: 'nothing' };
  if (!accessTokenType.test(type)) return { looksLike: 'other_token' };
  const audience = readJwsPart(parts[1])?.['aud'];
  const audiences = (Array.isArray(audience) ? audience : [audience]).filter(
    (name): name is string => typeof name === 'string',
  );
  return { looksLike: 'access_token', audiences };
}
