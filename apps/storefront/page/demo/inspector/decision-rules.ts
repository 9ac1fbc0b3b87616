import { type ShownSpan, tokenAttributes } from '../../../src/demo/api.ts';
import type { PageAnswer, TrafficEntry } from '../../traffic/traffic.ts';
import { type Check, checkNamed } from './checks.ts';

/** What decided a request's outcome. */
export type Decision =
  /** There is no answer yet. */
  | { readonly kind: 'waiting' }
  /** There will be no answer. */
  | { readonly kind: 'unanswered' }
  /** The token passed every check. */
  | { readonly kind: 'passed' }
  /** Nothing yet: the service asks for a proof with a fresh nonce, and the page repeats the request. */
  | { readonly kind: 'again' }
  /** The request had no token, and needed none. */
  | { readonly kind: 'open' }
  /** A check refused the token. `check` is null until the service's span, which names it, arrives. */
  | {
      readonly kind: 'refused';
      readonly check: Check | null;
      readonly code: string | null;
      readonly reason: string | null;
      /** The service's own name for it, which its answer does not contain. */
      readonly refusedBy: string | null;
    }
  /** auth-service refused the sign-in or the renewal: `code` says why. */
  | { readonly kind: 'not_signed_in'; readonly code: string | null; readonly reason: string | null }
  /** The token passed, but the request was not carried out. */
  | { readonly kind: 'turned_down'; readonly code: string | null }
  /** The request was not carried out, and its token not checked: it needed none, or was refused before. */
  | { readonly kind: 'unfit'; readonly code: string | null }
  /** Something that the service needs failed. */
  | { readonly kind: 'failed'; readonly code: string | null };

/** What decided the page's own request. */
export function decisionOfEntry({ request, answer, spans }: TrafficEntry): Decision {
  const served = spans.find(({ parent_span_id: parent }) => parent === request.spanId);
  return decide({ answer, hasToken: request.token !== null, served });
}

/** What decided a request of a service. A service always sends a token of its own to another service. */
export function decisionOfHop(span: ShownSpan): Decision {
  if (span.status === null) return { kind: 'unanswered' };
  const code = span.attributes['error.type'];
  const problem = { code: typeof code === 'string' ? code : null, reason: null, detail: null };
  const hasToken = span.attributes[tokenAttributes.subject] !== undefined;
  const answer = { status: span.status, headers: {}, durationMs: span.duration_ms, problem };
  return decide({ answer, hasToken, served: span });
}

type Known = {
  readonly answer: PageAnswer | null;
  readonly hasToken: boolean;
  readonly served: ShownSpan | undefined;
};

function decide({ answer, hasToken, served }: Known): Decision {
  if (answer === null) return { kind: 'waiting' };
  const { status, problem } = answer;
  const code = problem?.code ?? null;
  const reason = problem?.reason ?? null;
  const named = served?.attributes[tokenAttributes.refusedBy];
  const refusedBy = typeof named === 'string' ? named : null;
  const check = checkOf({ refusedBy, code, reason });
  if (refusedBy === 'use_dpop_nonce' || code === 'use_dpop_nonce') return { kind: 'again' };
  if (status === 0) return { kind: 'unanswered' };
  if (check !== null || refusedBy !== null || (hasToken && (status === 401 || status === 403)))
    return { kind: 'refused', check, code, reason: reason ?? reasonIn(refusedBy), refusedBy };
  if (status === 401 || status === 403) return { kind: 'not_signed_in', code, reason };
  if (status >= 500) return { kind: 'failed', code };
  if (status >= 400) return { kind: hasToken && status !== 431 ? 'turned_down' : 'unfit', code };
  return { kind: hasToken ? 'passed' : 'open' };
}

function checkOf(said: {
  readonly refusedBy: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}): Check | null {
  if (said.refusedBy !== null) return checkNamed(said.refusedBy);
  // The bearer of an invalid token is told nothing, except why it was revoked.
  if (said.code === 'invalid_token') return said.reason === null ? null : 'revoked';
  return said.code === null ? null : checkNamed(said.code);
}

/** `revoked: sign_out`. Of other checks, the service's own name for it is told as it is. */
function reasonIn(refusedBy: string | null): string | null {
  return /^revoked: *(.+)$/.exec(refusedBy ?? '')?.[1] ?? null;
}
