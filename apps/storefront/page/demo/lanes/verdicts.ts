/**
 * A request's outcome, for its colour. `again`: the service asks for a fresh nonce, and the page repeats the request.
 * `turned_down`: the token passed, but the request was not carried out.
 */
export type Verdict = 'waiting' | 'passed' | 'again' | 'refused' | 'turned_down' | 'failed';

/**
 * @param status HTTP status; 0: no answer; null: not yet
 * @param code of the problem in the answer, or the service's own name for it, if that is known
 */
export function verdictOf(status: number | null, code: unknown = null): Verdict {
  // RFC 9449 §8, §9
  if (code === 'use_dpop_nonce') return 'again';
  if (status === null) return 'waiting';
  if (status === 0 || status >= 500) return 'failed';
  if (status === 401 || status === 403) return 'refused';
  return status >= 400 ? 'turned_down' : 'passed';
}
