/** A request's outcome, for its colour. `turned_down`: the token passed, but the request was not carried out. */
export type Verdict = 'waiting' | 'passed' | 'refused' | 'turned_down' | 'failed';

/** @param status HTTP status; 0: no answer; null: not yet */
export function verdictOf(status: number | null): Verdict {
  if (status === null) return 'waiting';
  if (status === 0 || status >= 500) return 'failed';
  if (status === 401 || status === 403) return 'refused';
  return status >= 400 ? 'turned_down' : 'passed';
}
