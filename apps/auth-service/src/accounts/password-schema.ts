import { Type } from 'typebox';
import { maxPasswordCharacters, maxTypedUnits } from './password-text.ts';

/**
 * A password in a request. The schema only refuses texts that cannot be a password before normalisation. passwordText
 * checks the length after normalisation.
 */
export const passwordSchema = Type.String({
  minLength: 1,
  maxLength: maxTypedUnits,
  description: `8 to ${maxPasswordCharacters} characters, counted after normalisation (NFKC)`,
});
