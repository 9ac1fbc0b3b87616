import { Type } from 'typebox';
import { ProblemError } from '../problems/problem.ts';

const bare = '(?!")[\\x21-\\x7e]{1,255}';
const quoted = '"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\]){1,255}"';
const syntax = `^(?:${bare}|${quoted})$`;
const wellFormed = new RegExp(syntax);

/**
 * The Idempotency-Key header, for the `headers` of a route's schema. Read it with idempotencyKeyOf.
 *
 * @example headers: Type.Object({ 'idempotency-key': Type.Optional(idempotencyKeySchema) })
 */
export const idempotencyKeySchema = Type.String({
  pattern: syntax,
  description:
    '1 to 255 characters of ASCII, made anew for each thing to be done, best a random UUID, and sent again when the ' +
    'request is repeated. Bare, without spaces then, or a string in quotes (RFC 8941 §3.3.3): both are the same key. ' +
    'Without parameters.',
});

/**
 * The key in the header's value (draft-ietf-httpapi-idempotency-key-header §2): the text within the quotes, or the
 * whole value without quotes, as most clients send it.
 *
 * Throws ProblemError 400 `invalid_request` for an empty key, a string without an end, two keys, or a key with
 * parameters, because no parameters are defined (docs/decisions/0049-one-rule-for-idempotency-keys.md).
 *
 * @example idempotencyKeyOf('"8e03978e"') === idempotencyKeyOf('8e03978e')
 */
export function idempotencyKeyOf(value: string): string {
  if (!wellFormed.test(value)) {
    throw new ProblemError({
      status: 400,
      code: 'invalid_request',
      detail: 'The Idempotency-Key is not a string in quotes, nor 1 to 255 visible ASCII characters.',
    });
  }
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : value;
}
