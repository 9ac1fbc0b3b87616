import { SessionError } from '@latchkey/auth-browser';
import { ServiceError } from './service-error.ts';

/** An error, classified by what the page tells the person about it. */
export type Fault = { readonly requestId: string | null } & (
  | { readonly kind: 'missing_permission'; readonly service: string; readonly scopes: readonly string[] }
  | { readonly kind: 'sign_in_too_old'; readonly service: string; readonly maxAgeSeconds: number | null }
  | { readonly kind: 'session_ended'; readonly reason: string | null }
  | { readonly kind: 'service_down'; readonly service: string; readonly askedBy: string | null }
  | { readonly kind: 'rate_limited'; readonly seconds: number }
  /** The service understood the request and refused it. `code` is the service's own. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string | null }
  | { readonly kind: 'unexpected'; readonly service: string | null; readonly status: number | null }
);

const downCodes: ReadonlySet<string> = new Set(['hop_unavailable', 'hop_failed', 'hop_timeout']);
/** Codes of a 503 from a service that is up, but lacks something. */
const lackingCodes: ReadonlySet<string> = new Set([
  'revocations_stale',
  'key_set_unavailable',
  'provider_unavailable',
]);
/** SessionError codes for when nobody, or somebody else, is signed in by now. */
const endedCodes: ReadonlySet<string> = new Set([
  'signed_out',
  'session_changed',
  'session_ended',
  'invalid_token',
]);

/** SessionError codes of a sign-in at auth-service's page that failed without an answer to the page. */
const signInCodes: ReadonlySet<string> = new Set([
  'access_denied',
  'login_required',
  'sign_in_lost',
  'storage_blocked',
  'insecure_context',
]);

/**
 * Classifies an error. `granted` are the scopes of the token that was sent: a missing-permission fault names only the
 * required scopes that are not among them.
 *
 * @example faultOf(error, ['cart:read']) // { kind: 'missing_permission', scopes: ['cart:write'], … }
 */
export function faultOf(error: unknown, granted: readonly string[]): Fault {
  if (error instanceof SessionError) return faultOfSession(error);
  if (error instanceof ServiceError) return faultOfService(error, granted);
  return { kind: 'unexpected', service: null, status: null, requestId: null };
}

function faultOfService(error: ServiceError, granted: readonly string[]): Fault {
  const { service, status, facts, challenge, retryAfterSeconds } = error;
  const { code, detail, reason, hop, requestId } = facts;
  if (code === 'insufficient_user_authentication') {
    return { kind: 'sign_in_too_old', service, maxAgeSeconds: challenge.maxAgeSeconds, requestId };
  }
  if (code === 'insufficient_scope') {
    const missing = challenge.scopes.filter((scope) => !granted.includes(scope));
    return {
      kind: 'missing_permission',
      service,
      scopes: missing.length > 0 ? missing : challenge.scopes,
      requestId,
    };
  }
  if (status === 401 && code !== 'invalid_credentials') return { kind: 'session_ended', reason, requestId };
  if (status === 429) return { kind: 'rate_limited', seconds: retryAfterSeconds ?? 1, requestId };
  if (hop !== null && downCodes.has(code)) {
    return { kind: 'service_down', service: hop, askedBy: service, requestId };
  }
  if (lackingCodes.has(code)) return { kind: 'refused', code, detail, requestId };
  if (status === 0 || status >= 502) return { kind: 'service_down', service, askedBy: null, requestId };
  if (status >= 500) return { kind: 'unexpected', service, status, requestId };
  return { kind: 'refused', code, detail, requestId };
}

function faultOfSession(error: SessionError): Fault {
  const { code, status, reason, retryAfterSeconds, message } = error;
  const requestId = null;
  if (endedCodes.has(code)) return { kind: 'session_ended', reason, requestId };
  if (code === 'unreachable' || (status !== null && status >= 502)) {
    return { kind: 'service_down', service: 'auth-service', askedBy: null, requestId };
  }
  if (status === 429) return { kind: 'rate_limited', seconds: retryAfterSeconds ?? 1, requestId };
  if (signInCodes.has(code)) return { kind: 'refused', code, detail: message, requestId };
  if (status === null || status >= 500) {
    return { kind: 'unexpected', service: 'auth-service', status, requestId };
  }
  return { kind: 'refused', code, detail: message, requestId };
}
