import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';

/**
 * - cancelled: the person did not want to
 * - unavailable: the provider does not answer, or says that it cannot at the moment
 * - refused: it answered, and we do not accept the answer
 */
export type UpstreamFault = 'cancelled' | 'unavailable' | 'refused';

/** Why a sign-in at a provider did not succeed. `cause` is for the log. */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault;

  constructor(fault: UpstreamFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UpstreamError';
    this.fault = fault;
  }
}

/** RFC 6749 §4.1.2.1; the last one is Apple's. */
const cancellations = ['access_denied', 'consent_required', 'user_cancelled_authorize'];
const outages = ['temporarily_unavailable', 'server_error'];
/** What openid-client says of answers that never came. */
const silences = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM'];

/** Sorts what openid-client, jose and fetch throw. Its message names the kind of error, nothing that the provider wrote. */
export function upstreamErrorFrom(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof AuthorizationResponseError) {
    if (cancellations.includes(error.error))
      return new UpstreamError('cancelled', 'the person cancelled', error);
    const fault = outages.includes(error.error) ? 'unavailable' : 'refused';
    return new UpstreamError(fault, 'the provider answered with an error', error);
  }
  if (error instanceof ResponseBodyError)
    return new UpstreamError(error.status >= 500 ? 'unavailable' : 'refused', 'the code was refused', error);
  if (error instanceof ClientError && error.code !== undefined) {
    const fault = silences.includes(error.code) ? 'unavailable' : 'refused';
    return new UpstreamError(fault, error.code, error);
  }
  if (error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name))
    return new UpstreamError('unavailable', 'no answer in time', error);
  // fetch: no connection, an untrusted certificate.
  if (error instanceof TypeError) return new UpstreamError('unavailable', 'no connection', error);
  return new UpstreamError('refused', 'the answer is not valid', error);
}
