import { ProblemError } from '@latchkey/service-kit';
import { shownText } from '@latchkey/service-kit/text';
import { maximumNoteLength } from './rules.ts';

/**
 * Normalizes a typed note for storage: see shownText.
 *
 * @throws ProblemError 400 `invalid_request` when the normalized note is too long
 */
export function keptNote(typed: string | null): string | null {
  if (typed === null) return null;
  const note = shownText(typed);
  if ([...note].length <= maximumNoteLength) return note;
  throw new ProblemError({
    status: 400,
    code: 'invalid_request',
    detail: `A note has at most ${maximumNoteLength} characters.`,
  });
}
