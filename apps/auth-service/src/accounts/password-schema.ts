import { Type } from 'typebox';
import { MOST_PASSWORD_CHARACTERS, MOST_TYPED_UNITS } from './password-text.ts';

/**
 * A password in a request. The schema only refuses texts that cannot be a password before normalisation. passwordText
 * checks the length after normalisation.
 */
export const passwordSchema = Type.String({
  minLength: 1,
  maxLength: MOST_TYPED_UNITS,
  description: `8 to ${MOST_PASSWORD_CHARACTERS} characters, counted after normalisation (NFKC)`,
});
