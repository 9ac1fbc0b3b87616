import { Type } from 'typebox';
import { MOST_PASSWORD_CHARACTERS, MOST_TYPED_UNITS } from './password-text.ts';

/**
 * A password in a request, wherever one is sent. It keeps out what is no password by any spelling, and nothing else: how
 * long one may be is counted after normalising, by passwordText alone.
 */
export const passwordSchema = Type.String({
  minLength: 1,
  maxLength: MOST_TYPED_UNITS,
  description: `8 to ${MOST_PASSWORD_CHARACTERS} characters, counted after normalising (NFKC)`,
});
