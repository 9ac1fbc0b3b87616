/** Counted as in NIST SP 800-63B-4 §3.1.1.2: one for each code point, after normalisation. */
export const minPasswordCharacters = 8;
/** NIST requires a maximum of at least 64; this leaves room for any passphrase. Longer ones are refused, not cut. */
export const maxPasswordCharacters = 256;
/**
 * A bound on the length of a password before normalisation, in UTF-16 code units: no character is composed of more than
 * six. It limits the work, here and in the routes' schema. It is not a rule for passwords.
 */
export const maxTypedUnits = 8 * maxPasswordCharacters;

/**
 * Returns the form of a password that is hashed: NFKC, because two keyboards may encode the same letter differently
 * (NIST SP 800-63B-4 §3.1.1.2). Nothing is trimmed, cut or changed in case.
 *
 * Returns undefined for text that cannot be a password, before any hashing: empty text, lone surrogates (they would all
 * hash alike), NUL characters (no form takes one), or more than `maxPasswordCharacters`.
 */
export function passwordText(password: string): string | undefined {
  if (!isText(password) || password.length > maxTypedUnits) return undefined;
  const text = password.normalize('NFKC');
  return [...text].length > maxPasswordCharacters ? undefined : text;
}

/** Whether a password is well-formed, whatever its length: not empty, and without lone surrogates or NUL characters. */
export function isText(password: string): boolean {
  return password.length > 0 && password.isWellFormed() && !password.includes('\0');
}
