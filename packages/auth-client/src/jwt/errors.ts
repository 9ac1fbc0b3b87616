import { AuthClientError, type AuthError } from '../errors.ts';

export type JwtErrorCode = 'invalid_jwt' | 'key_set_unavailable';

const messageOf: Record<JwtErrorCode, string> = {
  invalid_jwt: 'The token is malformed, expired or not meant for this',
  key_set_unavailable: 'No current signing keys are at hand to verify the token with',
};

/**
 * A token that may not pass: it is bad, or there is nothing to verify it with. The message is one fixed sentence for
 * each code; `reason` says which check failed and belongs in logs, not in answers.
 */
export class JwtError extends AuthClientError {
  declare readonly code: JwtErrorCode;
  readonly reason: string;

  constructor(code: JwtErrorCode, { reason, cause }: { reason: string; cause?: unknown }) {
    super(code, messageOf[code], cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Says the same of a token that is no access token. */
export function asJwtError(error: AuthError): JwtError {
  const { code, reason, cause } = error;
  return new JwtError(code === 'key_set_unavailable' ? code : 'invalid_jwt', { reason, cause });
}
