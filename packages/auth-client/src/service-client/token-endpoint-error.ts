import { AuthClientError } from '../errors.ts';
import { HopError, retryAfterOf } from './hop-error.ts';

/** The token endpoint gave no token. `error` is its error code, or names what else happened. */
export class TokenEndpointError extends AuthClientError {
  readonly error: string;
  readonly response: Response | undefined;

  constructor(error: string, { response, cause }: { response?: Response; cause?: unknown } = {}) {
    super('token_endpoint', `The token endpoint gave no token: ${error}`, { cause });
    this.error = error;
    this.response = response;
  }
}

const refusedByPolicy = new Set(['invalid_target', 'invalid_scope', 'unauthorized_client', 'access_denied']);

/**
 * Turns a failed token request into the error for the current request. If the person's token has just expired or the
 * session has ended, that is a 401: signing in or refreshing helps.
 */
export function asHopError(error: unknown, { hop, realm }: { hop: string; realm: string }): HopError {
  if (error instanceof HopError) return error;
  const details = { hop, outcome: 'not_sent' as const, cause: error };
  if (!(error instanceof TokenEndpointError)) {
    const reason = error instanceof AuthClientError ? error.code : 'unexpected';
    return new HopError('hop_unavailable', { ...details, reason, headers: retryAfterOf() });
  }
  const reason = `token exchange: ${error.error}`;
  const status = error.response?.status ?? 0;
  if (error.error === 'invalid_grant') {
    const headers = { 'www-authenticate': `Bearer realm="${realm}", error="invalid_token"` };
    return new HopError('hop_refused', { ...details, reason, status: 401, headers });
  }
  if (refusedByPolicy.has(error.error)) return new HopError('hop_refused', { ...details, reason });
  if (error.error === 'timeout') return new HopError('hop_timeout', { ...details, reason });
  const isTemporary = error.error === 'unreachable' || error.error === 'invalid_client';
  if (isTemporary || status === 429 || status >= 500)
    return new HopError('hop_unavailable', { ...details, reason, headers: retryAfterOf(error.response) });
  return new HopError('hop_failed', { ...details, reason });
}
