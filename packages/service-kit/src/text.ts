import { isUtf8 } from 'node:buffer';

/**
 * Bytes as text; undefined for what is not UTF-8. Decoding by itself puts U+FFFD there, and two passwords that differ
 * would become one.
 */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The flags of England, Scotland and Wales, which are written with characters that show nothing elsewhere. */
const flag = '\\u{1F3F4}[\\u{E0020}-\\u{E007F}]+';
// Marks that turn the direction of text around, and characters of no width: with them a text shows what it is not. Joiners
// stay, since Persian and families of emoji are written with them; so do tabs and line ends.
const hidden = '[[\\p{Cf}&&\\p{Default_Ignorable_Code_Point}]\\p{Cc}\\u2028\\u2029\\ufff9-\\ufffb]';
const flagOrHidden = new RegExp(`${flag}|[${hidden}--[\\t\\n\\u200c\\u200d]]`, 'gv');
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{M}\u2800]/u;

/**
 * The form in which text that people typed is kept, to be shown: NFC, and without characters that nobody sees. Count its
 * characters afterwards, never before.
 *
 * @example shownText('Ada\u202es phone'); // 'Adas phone'
 */
export function shownText(typed: string): string {
  // Afterwards: what is taken out may have stood between a letter and its accent.
  return typed
    .replace(flagOrHidden, (found) => (found.startsWith('\u{1F3F4}') ? found : ''))
    .normalize('NFC');
}

/** Whether there is nothing to see: no character, or only blanks, fillers and marks without a letter. */
export function isBlank(text: string): boolean {
  return !visible.test(text);
}
