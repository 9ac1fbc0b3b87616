import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';

const newAccountSchema = Type.Object({
  username: Type.String(),
  password: Type.String(),
  roles: Type.Array(Type.String()),
});

export type NewAccount = Static<typeof newAccountSchema>;

/**
 * Reads accounts to be made, one JSON object per line; blank lines are ignored. Checks their shape, but not the rules
 * for user names, passwords and roles.
 *
 * @throws {SyntaxError} naming the line number; it never quotes the line, which may contain a password
 * @example parseAccountLines('{"username":"alice","password":"…","roles":["customer"]}\n');
 */
export function parseAccountLines(text: string): NewAccount[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const account = parseJson(line);
    if (!Check(newAccountSchema, account)) throw new SyntaxError(`line ${index + 1} is not an account`);
    return [account];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
