import { SessionError } from '@latchkey/auth-browser';
import { type Challenge, parseChallenge } from './challenge.ts';

/** The services that the page calls. */
export type ServiceName = 'auth-service' | 'cart-service' | 'wishlist-service' | 'payment-service';

/** The members of a problem document (RFC 9457) that the page uses. */
export type ProblemFacts = {
  readonly code: string;
  readonly detail: string | null;
  /** Why a token was revoked, or a session ended. */
  readonly reason: string | null;
  /** The service that failed behind the one that the page called. */
  readonly hop: string | null;
  /** The request's id, to find it in the inspector and in the service's log. */
  readonly requestId: string | null;
};

/** A service refused a request, failed, or did not answer. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly service: ServiceName;
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  readonly facts: ProblemFacts;
  readonly challenge: Challenge;
  readonly retryAfterSeconds: number | null;

  constructor(service: ServiceName, answer: ErrorAnswer, options?: ErrorOptions) {
    super(`${service} answered ${answer.status} ${answer.facts.code}`, options);
    this.service = service;
    this.status = answer.status;
    this.facts = answer.facts;
    this.challenge = answer.challenge;
    this.retryAfterSeconds = answer.retryAfterSeconds;
  }
}

type ErrorAnswer = Pick<ServiceError, 'status' | 'facts' | 'challenge' | 'retryAfterSeconds'>;

/**
 * Makes an error of an error answer with any body. An answer that is not ours (a proxy's page, say) is described by its
 * status.
 *
 * @example if (!response.ok) throw await errorFrom('cart-service', response);
 */
export async function errorFrom(service: ServiceName, response: Response): Promise<ServiceError> {
  const body: unknown = await response.json().catch(() => null);
  const { headers, status } = response;
  return new ServiceError(service, {
    status,
    facts: factsOf(body, { status, requestId: headers.get('x-request-id') }),
    challenge: parseChallenge(headers.get('www-authenticate')),
    retryAfterSeconds: secondsOf(headers.get('retry-after')),
  });
}

/** The error of a request without an answer: the service or the connection to it is down. */
export function noAnswer(service: ServiceName, cause: unknown): ServiceError {
  const facts = { code: 'no_answer', detail: null, reason: null, hop: null, requestId: null };
  const answer = { status: 0, facts, challenge: parseChallenge(null), retryAfterSeconds: null };
  return new ServiceError(service, answer, { cause });
}

/**
 * Whether the service at this URL did not answer. False when auth-service did not answer the token renewal before the
 * request.
 */
export function isSilent(url: string, error: unknown): boolean {
  return error instanceof SessionError && error.origin === new URL(url).origin;
}

/** Codes of a request that is not finished: sending it again continues it. */
const underWay: ReadonlySet<string> = new Set(['request_in_progress', 'checkout_in_progress']);

/**
 * True when a service has refused a request for good, so that sending it again is a new request. False when there was
 * no answer, or when the person or a later retry can still make it succeed.
 */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const { status, facts } = error;
  return status >= 400 && status < 500 && status !== 401 && status !== 429 && !underWay.has(facts.code);
}

function factsOf(body: unknown, answer: { status: number; requestId: string | null }): ProblemFacts {
  const members: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  const text = (name: string) => {
    const value = members[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    code: text('code') ?? `status_${answer.status}`,
    detail: text('detail'),
    reason: text('reason'),
    hop: text('hop'),
    requestId: text('instance') ?? answer.requestId,
  };
}

function secondsOf(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
}
