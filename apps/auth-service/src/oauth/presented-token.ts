/** What a text that somebody presents as a token looks like. Nothing of it is verified. */
export type PresentedToken =
  | { readonly looksLike: 'refresh_token' | 'nothing' }
  | { readonly looksLike: 'access_token'; readonly audiences: readonly string[] }
  /** A JWT of another type: a client assertion, a security event. */
  | { readonly looksLike: 'other_token' };

/** RFC 9068 §2.1, with the prefix that RFC 7515 §4.1.9 lets one leave out. */
const ACCESS_TOKEN_TYPE = /^(application\/)?at\+jwt$/i;

/**
 * Tells by its look what kind of token a text is, so that hints are not needed (RFC 7009 §2.1 and RFC 7662 §2.1 let the
 * server detect it by itself), and whom an access token says that it is for, so that the right verifier can be asked.
 *
 * @example
 * readPresentedToken('rt1.k1.0-abc…').looksLike; // 'refresh_token'
 */
export function readPresentedToken(text: string): PresentedToken {
  if (text.startsWith('rt1.')) return { looksLike: 'refresh_token' };
  const parts = text.split('.');
  if (parts.length !== 3) return { looksLike: 'nothing' };
  const type = objectIn(parts[0])?.['typ'];
  if (typeof type !== 'string') return { looksLike: 'nothing' };
  if (!ACCESS_TOKEN_TYPE.test(type)) return { looksLike: 'other_token' };
  const audience = objectIn(parts[1])?.['aud'];
  const audiences = (Array.isArray(audience) ? audience : [audience]).filter(
    (name): name is string => typeof name === 'string',
  );
  return { looksLike: 'access_token', audiences };
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
