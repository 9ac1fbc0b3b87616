/** 3 to 64 characters, after normaliseUsername. A mail address fits. */
const wellFormed = /^[a-z0-9][a-z0-9._@+-]{1,62}[a-z0-9]$/;

/** The rule of isUsername in words. */
export const usernameRule =
  'A user name has 3 to 64 characters: letters a to z, digits, and . _ @ + - between them.';

/**
 * Returns the form in which a user name is stored and compared: NFKC, lower case, trimmed. So `Alice` and full-width
 * `ＡＬＩＣＥ` are the same person.
 */
export function normaliseUsername(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}

/**
 * Returns whether a normalised text can be a user name. ASCII only, so that no two names look alike, for example with a
 * Cyrillic е.
 */
export function isUsername(normalised: string): boolean {
  return wellFormed.test(normalised);
}
