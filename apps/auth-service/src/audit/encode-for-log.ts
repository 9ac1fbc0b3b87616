/** Longer texts are cut, so that senders cannot make our log lines arbitrarily long. */
const maxCharacters = 512;

// Control characters, line separators and direction marks: with these, a line can display something other than what was
// recorded. Lone surrogates cannot be stored at all.
const misleading = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

// The shapes of our own tokens: a JSON Web Token and a refresh token. A last safeguard: no caller should record one.
const tokenShapes = /eyJ[\w=-]{8,}(?:\.[\w=-]*){0,4}|rt1\.[\w.=-]+/g;

/**
 * Makes a text from outside safe to record and to read: one line, bounded, without hidden characters, and without
 * anything that looks like a token (ASVS 5.0 16.4.1, 16.2.5).
 *
 * @example
 * encodeForLog('a\nb'); // 'a\\u000ab'
 */
export function encodeForLog(text: string): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  return cut.replace(tokenShapes, '[token]').replace(misleading, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff_ff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
