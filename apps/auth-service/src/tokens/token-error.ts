/** The error codes of RFC 6749 §5.2 and RFC 8693 §2.2.2 that this endpoint answers with. */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target';

/** A refusal of the token endpoint. Its message is the `error_description`, and gives nothing away. */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  readonly status: 400 | 401;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: TokenErrorCode, description: string, headers: Readonly<Record<string, string>> = {}) {
    super(description);
    this.name = 'TokenError';
    this.code = code;
    this.status = code === 'invalid_client' ? 401 : 400;
    this.headers = headers;
  }
}
