/** Counted as NIST SP 800-63B-4 §3.1.1.2 counts: one for each code point, after normalisation. */
export const LEAST_PASSWORD_CHARACTERS = 8;
/** NIST asks for 64 at least; this leaves room for any passphrase. Longer ones are refused, never cut. */
export const MOST_PASSWORD_CHARACTERS = 256;
/**
 * What a password of MOST_PASSWORD_CHARACTERS can come to before it is normalised, in UTF-16 code units: no character is
 * composed of more than six. Bounds the work, here and in the routes' schema, and is no rule for passwords.
 */
export const MOST_TYPED_UNITS = 8 * MOST_PASSWORD_CHARACTERS;

/**
 * The form of a password that is hashed: NFKC, since two keyboards may encode the same letter in two ways
 * (NIST SP 800-63B-4 §3.1.1.2). Nothing is trimmed, cut or changed in case.
 *
 * Returns undefined for what no account can have as its password, before any work is spent on it: empty text, lone
 * surrogates (they would all be hashed alike), more than MOST_PASSWORD_CHARACTERS.
 */
export function passwordText(password: string): string | undefined {
  if (password.length === 0 || password.length > MOST_TYPED_UNITS || !password.isWellFormed())
    return undefined;
  const text = password.normalize('NFKC');
  return [...text].length > MOST_PASSWORD_CHARACTERS ? undefined : text;
}
