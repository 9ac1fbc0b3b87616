import { isText, maxPasswordCharacters, minPasswordCharacters, passwordText } from './password-text.ts';

export type PasswordFault = {
  readonly rule: 'not_text' | 'too_short' | 'too_long' | 'contains_username' | 'breached';
  /** Shown to the person. Never contains the password. */
  readonly detail: string;
};

/**
 * Returns the rule that a new password breaks, if any (ASVS 5.0 6.2; NIST SP 800-63B-4 §3.1.1.2: length and a list of
 * known passwords, but no composition rules).
 *
 * Does not estimate the strength of other passwords: 8 characters are required, 15 or more are recommended.
 *
 * @example
 * passwordFault({ password: 'password1', username: 'alice', isBreached }); // { rule: 'breached', … }
 */
export function passwordFault(candidate: {
  readonly password: string;
  /** Normalised. */
  readonly username: string;
  /** Called with the password in lower case. */
  readonly isBreached: (password: string) => boolean;
}): PasswordFault | undefined {
  const { password, username } = candidate;
  const text = passwordText(password);
  if (text === undefined) return isText(password) ? tooLong : notText;
  // Not in passwordText: whoever has such a password already can go on using it.
  if (lineEnd.test(text)) return notText;
  if ([...text].length < minPasswordCharacters) return tooShort;
  const folded = text.toLowerCase();
  // Many passwords contain a given short text by chance, so a short local part is not checked.
  const localPart = username.split('@', 1)[0] ?? username;
  const names = localPart.length < minNameCharacters ? [username] : [username, localPart];
  if (names.some((name) => folded.includes(name))) return containsUsername;
  return candidate.isBreached(folded) ? breached : undefined;
}

/** What a browser removes from a password field, so that nobody could type it (HTML, value sanitization of text). */
const lineEnd = /[\r\n]/;

/** The shortest local part (before the @) that a password must not contain. */
const minNameCharacters = 4;

const notText: PasswordFault = {
  rule: 'not_text',
  detail: 'The password is empty, is not valid Unicode, or has a NUL character or a line end.',
};
const tooShort: PasswordFault = {
  rule: 'too_short',
  detail: `A password has at least ${minPasswordCharacters} characters; 15 or more are better.`,
};
const tooLong: PasswordFault = {
  rule: 'too_long',
  detail: `A password has at most ${maxPasswordCharacters} characters.`,
};
const containsUsername: PasswordFault = {
  rule: 'contains_username',
  detail: 'The password contains the user name, which attackers try first.',
};
const breached: PasswordFault = {
  rule: 'breached',
  detail: 'This password is on the lists that attackers try first. Choose another one.',
};
