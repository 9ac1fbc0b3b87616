export type ResponseMode = 'query' | 'form_post';

/** Where the answer to an authorization request goes. */
export type ReplyAddress = {
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  readonly state: string | undefined;
};

/** What is wrong with a request itself: RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 §2. */
export type RequestErrorCode =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'unmet_authentication_requirements';

/** What else a client may be told. */
export type AuthorizationErrorCode =
  | RequestErrorCode
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'account_selection_required';

/**
 * A refused authorization request. `reply` is where the client learns of it. It is undefined while the redirect URI is
 * not proven to be the client's: then only the person is told, on a page of ours (RFC 9700 §4.11.2).
 */
export class AuthorizationError extends Error {
  readonly code: RequestErrorCode;
  readonly reply: ReplyAddress | undefined;

  constructor(code: RequestErrorCode, description: string, reply?: ReplyAddress) {
    super(description);
    this.name = 'AuthorizationError';
    this.code = code;
    this.reply = reply;
  }
}
