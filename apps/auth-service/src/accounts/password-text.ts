/** Counted as NIST SP 800-63B-4 §3.1.1.2 counts: one for each code point, after normalisation. */
export const LEAST_PASSWORD_CHARACTERS = 8;
/** NIST asks for 64 at least; this leaves room for any passphrase. Longer ones are refused, never cut. */
export const MOST_PASSWORD_CHARACTERS = 256;
/** What MOST_PASSWORD_CHARACTERS can come to in UTF-8. */
export const MOST_PASSWORD_BYTES = 4 * MOST_PASSWORD_CHARACTERS;

/**
 * The form of a password that is hashed: NFKC, since two keyboards may encode the same letter in two ways
 * (NIST SP 800-63B-4 §3.1.1.2). Nothing is trimmed, cut or changed in case.
 *
 * Returns undefined for what no account can have as its password, before any work is spent on it: empty text, lone
 * surrogates (they would all be hashed alike), more than MOST_PASSWORD_CHARACTERS.
 */
export function passwordText(password: string): string | undefined {
  // Bounds the work of normalising. Composing shortens text, but not from four times the most.
  if (password.length === 0 || password.length > MOST_PASSWORD_BYTES || !password.isWellFormed())
    return undefined;
  const text = password.normalize('NFKC');
  return charactersOf(text) > MOST_PASSWORD_CHARACTERS ? undefined : text;
}

/** Code points. */
export function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
