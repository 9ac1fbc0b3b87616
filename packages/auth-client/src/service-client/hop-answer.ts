import { HopError, type HopErrorDetails, retryAfterOf } from './hop-error.ts';

const stepUp = /(?:^|[\s,])error="?insufficient_user_authentication"?(?=$|[\s,])/;
const challengeError = /(?:^|[\s,])error="?([a-z_]{1,40})"?(?=$|[\s,])/;
const maxAge = /(?:^|[\s,])max_age="?(\d{1,9})"?(?=$|[\s,])/;

/** Whether a 401 requires a new sign-in (RFC 9470 §3): another token of the same sign-in would not help. */
export function wantsRecentSignIn(response: Response): boolean {
  return response.status === 401 && stepUp.test(response.headers.get('www-authenticate') ?? '');
}

/**
 * Returns the answers that the handler can act on: success, and refusals of the request itself (400, 404, 409, 422, …).
 * Everything else becomes an error that names the hop. `realm` is this service, in challenges to its own caller.
 *
 * @throws HopError
 */
export function judgeAnswer(response: Response, { hop, realm }: { hop: string; realm: string }): Response {
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const [, code] = challengeError.exec(response.headers.get('www-authenticate') ?? '') ?? [];
  // Such as invalid_dpop_proof, where a service does not know the URL by which it is called.
  const reason = code === undefined ? `answered ${status}` : `answered ${status} ${code}`;
  const refused: HopErrorDetails = { hop, outcome: 'refused', reason };
  const unknown: HopErrorDetails = { hop, outcome: 'unknown', reason };
  if (wantsRecentSignIn(response)) {
    const headers = { 'www-authenticate': stepUpChallenge(response, realm) };
    throw new HopError('insufficient_user_authentication', { ...refused, headers });
  }
  switch (status) {
    case 401:
      throw new HopError('hop_failed', refused);
    case 403:
      throw new HopError('hop_refused', refused);
    case 408:
    case 504:
      throw new HopError('hop_timeout', unknown);
    case 429:
      throw new HopError('hop_unavailable', { ...refused, headers: retryAfterOf(response) });
    case 503:
      throw new HopError('hop_unavailable', { ...unknown, headers: retryAfterOf(response) });
  }
  if (status >= 400 && status < 500) return response;
  throw new HopError('hop_failed', unknown);
}

/** Builds a new challenge: only `max_age` is taken from the other service's. */
function stepUpChallenge(response: Response, realm: string): string {
  const seconds = maxAge.exec(response.headers.get('www-authenticate') ?? '')?.[1];
  const bound = seconds === undefined ? '' : `, max_age="${seconds}"`;
  return `Bearer realm="${realm}", error="insufficient_user_authentication"${bound}`;
}
