const tokenErrorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'unsupported_token_type',
  'unsupported_response_type',
  'request_not_supported',
  'request_uri_not_supported',
  'registration_not_supported',
  'unmet_authentication_requirements',
  'invalid_dpop_proof',
  'use_dpop_nonce',
] as const;

/**
 * The error codes of RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 7009 §2.2.1, RFC 9126 §2.3 and RFC 9449 §5, §8 that our
 * endpoints answer with, and that of OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
 */
export type TokenErrorCode = (typeof tokenErrorCodes)[number];

export function isTokenErrorCode(code: string): code is TokenErrorCode {
  return tokenErrorCodes.some((known) => known === code);
}

/** A refusal of an OAuth endpoint. The message becomes the `error_description`, so it must not reveal secrets. */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  readonly status: 400 | 401;
  readonly headers: Readonly<Record<string, string>>;
  /** Why the session has ended. Only for a client that presented a token of ours. An addition to RFC 6749's members. */
  readonly reason: string | undefined;

  constructor(
    code: TokenErrorCode,
    description: string,
    more: {
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly reason?: string | undefined;
    } = {},
  ) {
    super(description);
    this.name = 'TokenError';
    this.code = code;
    this.status = code === 'invalid_client' ? 401 : 400;
    this.headers = more.headers ?? {};
    this.reason = more.reason;
  }

  /** Further members of the answer. */
  get extensions(): Readonly<Record<string, string>> {
    return this.reason === undefined ? {} : { reason: this.reason };
  }
}
