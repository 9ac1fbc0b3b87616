import { ProblemError } from '@latchkey/service-kit';
import { shownText } from '@latchkey/service-kit/text';
import { maximumNoteLength } from './rules.ts';

/**
 * What is kept of a note that somebody typed: see shownText.
 *
 * Throws ProblemError 400 `invalid_request` for what is still too long then.
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
