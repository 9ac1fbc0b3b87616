import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ProblemError } from '@latchkey/service-kit';
import { isUnicode, textOf } from '@latchkey/service-kit/text';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';

/**
 * Reads a whole input as text. Drops a byte order mark, which some editors and shells put in front.
 *
 * @throws ProblemError 400 `malformed_input` when it is not UTF-8
 */
export async function readInput(stdin: Readable): Promise<string> {
  const input = textOf(await buffer(stdin));
  if (input !== undefined) return input.replace(/^\ufeff/, '');
  throw new ProblemError({ status: 400, code: 'malformed_input', detail: 'Standard input is not UTF-8.' });
}

/**
 * Reads one JSON object per line; blank lines are ignored. Checks their shape and that their text is Unicode, but no
 * further rules.
 *
 * @param what names one of them in the message: `an account`
 * @throws {SyntaxError} naming the line number; it never quotes the line, which may contain a secret
 * @example parseJsonLines('{"username":"alice","password":"…","roles":["customer"]}\n', schema, 'an account');
 */
export function parseJsonLines<S extends TSchema>(text: string, schema: S, what: string): Static<S>[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const value = parseJson(line);
    if (!Check(schema, value) || !isUnicode(value)) throw new SyntaxError(`line ${index + 1} is not ${what}`);
    return [value];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
