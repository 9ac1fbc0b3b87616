import { isUtf8 } from 'node:buffer';

/**
 * Bytes as text; undefined if they are not UTF-8. Plain decoding would replace them with U+FFFD, and two different
 * passwords could become equal.
 */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * Whether all text in a JSON value is Unicode. An escape can be half of a surrogate pair, which is no character: UTF-8
 * would replace it with U+FFFD.
 *
 * @example isUnicode(JSON.parse('{"name":"\\ud800"}')) // false
 */
export function isUnicode(value: unknown): boolean {
  // Not recursive: a value can be nested very deeply.
  const rest = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next === 'string' && !next.isWellFormed()) return false;
    if (typeof next === 'object' && next !== null)
      for (const entry of Object.entries(next)) rest.push(...entry);
  }
  return true;
}

/** The flags of England, Scotland and Wales, which use characters that are invisible elsewhere. */
const flag = '\\u{1F3F4}[\\u{E0020}-\\u{E007F}]+';
// Direction marks and zero-width characters, with which a text can look like another. Joiners stay, because Persian and
// emoji families need them; so do tabs and line ends.
const hidden = '[[\\p{Cf}&&\\p{Default_Ignorable_Code_Point}]\\p{Cc}\\u2028\\u2029\\ufff9-\\ufffb]';
const flagOrHidden = new RegExp(`${flag}|[${hidden}--[\\t\\n\\u200c\\u200d]]`, 'gv');
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{M}\u2800]/u;

/**
 * The form in which typed text is stored for display: NFC, without invisible characters. Count characters only after
 * this.
 *
 * @example shownText('Ada\u202es phone'); // 'Adas phone'
 */
export function shownText(typed: string): string {
  // Normalized last: a removed character may have stood between a letter and its accent.
  return typed
    .replace(flagOrHidden, (found) => (found.startsWith('\u{1F3F4}') ? found : ''))
    .normalize('NFC');
}

/** The pattern of a schema for one line of text, without control characters. */
export const oneLine = '^[^\\u0000-\\u001f\\u007f-\\u009f]+$';

/** Whether the text shows nothing: it is empty, or has only blanks, fillers and marks without a letter. */
export function isBlank(text: string): boolean {
  return !visible.test(text);
}
