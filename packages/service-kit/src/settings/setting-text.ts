import { readFileSync } from 'node:fs';
import { textOf } from '../text.ts';

/** A setting's text; undefined if it is not set; a fault if it cannot be read. */
export type SettingText = { text: string | undefined } | { fault: string };

/**
 * Reads a setting from the variable NAME, or from the file that the variable NAME_FILE names, for secrets that an
 * orchestrator mounts. White space around a file's contents is dropped. A fault never reveals the path or the contents.
 *
 * @example
 * readSettingText('DATABASE_URL', { DATABASE_URL_FILE: '/run/secrets/database-url' });
 */
export function readSettingText(name: string, env: Record<string, string | undefined>): SettingText {
  const variable = `${name}_FILE`;
  const text = env[name] || undefined;
  const path = env[variable] || undefined;
  if (path === undefined) return { text };
  if (text !== undefined) return { fault: `${name} and ${variable} are both set: keep one of them` };
  try {
    const contents = textOf(readFileSync(path))?.trim();
    if (contents === undefined) return { fault: `${variable} names a file that is not UTF-8` };
    return contents === '' ? { fault: `${variable} names an empty file` } : { text: contents };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    return { fault: `${variable} names a file that cannot be read (${reason})` };
  }
}

/**
 * What is wrong with the ends of a text, which nobody sees: white space, such as the carriage return of an env file from
 * Windows, and invisible characters. Undefined if nothing is.
 */
export function faultOfEnds(text: string): string | undefined {
  return /^[\s\p{Cc}\p{Cf}]|[\s\p{Cc}\p{Cf}]$/u.test(text)
    ? 'there is white space or an invisible character at its end or its beginning'
    : undefined;
}
