import { AuthClientError, type AuthError } from '../errors.ts';

export type JwtErrorCode = 'invalid_jwt' | 'key_set_unavailable';

const messageOf: Record<JwtErrorCode, string> = {
  invalid_jwt: 'The token is malformed, expired or not meant for this',
  key_set_unavailable: 'There are no current signing keys to verify the token with',
};

/**
 * A refused token: it is bad, or there are no keys to verify it with. The message is one fixed sentence per code.
 * `reason` names the failed check and belongs in logs, not in answers.
 */
export class JwtError extends AuthClientError {
  declare readonly code: JwtErrorCode;
  readonly reason: string;

  constructor(code: JwtErrorCode, { reason, cause }: { reason: string; cause?: unknown }) {
    super(code, messageOf[code], cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Turns the error of a shared check into a JwtError. */
export function asJwtError(error: AuthError): JwtError {
  const { code, reason, cause } = error;
  return new JwtError(code === 'key_set_unavailable' ? code : 'invalid_jwt', { reason, cause });
}
