import type { AuthErrorCode, HopErrorCode } from '@latchkey/auth-client';

const problem = <Status extends number>(status: Status, meaning: string, remedy: string) => ({
  status,
  meaning,
  remedy,
});

/**
 * Every `code` that a problem document of our services can have: its status, what it means, and what a client does about
 * it. docs/errors.md is made from this table. OAuth's own endpoints answer with the codes of RFC 6749 besides.
 */
export const problemCodes = {
  // What any service may answer
  bad_request: problem(400, 'The request is not valid HTTP.', 'Correct the request.'),
  invalid_request: problem(400, 'The request does not match the schema.', 'Correct what `detail` names.'),
  malformed_body: problem(400, 'The body is not valid JSON, or not valid Unicode.', 'Correct the body.'),
  malformed_url: problem(400, 'The URL is not valid, or a part of it is too long.', 'Correct the URL.'),
  missing_host: problem(400, 'The request has no Host header.', 'Send one (RFC 9112 §3.2).'),
  not_found: problem(404, 'There is no such route.', 'Correct the path.'),
  method_not_allowed: problem(405, 'The route takes other methods.', 'Use one that `Allow` lists.'),
  not_acceptable: problem(406, 'The route answers another media type.', 'Send an Accept that allows it.'),
  request_timeout: problem(408, 'The request did not arrive in time.', 'Send it again.'),
  body_too_large: problem(413, 'The body is too large.', 'Send less.'),
  payload_too_large: problem(413, 'The chunk extensions of the body are too large.', 'Send none.'),
  unsupported_media_type: problem(415, 'The body has another media type.', 'Send what `detail` names.'),
  expectation_failed: problem(417, 'Expect asks for more than 100-continue.', 'Leave Expect out.'),
  request_header_fields_too_large: problem(
    431,
    'The headers are larger than 16 KB, or there are more than 1,000.',
    'In a browser: delete the cookies of this host.',
  ),
  internal_server_error: problem(500, 'A fault of the service. It is in its log.', 'Report `instance`.'),
  service_unavailable: problem(503, 'The service is closing.', 'Try again, at another replica.'),
  database_unavailable: problem(503, 'The database cannot be reached.', 'Try again after Retry-After.'),
  not_ready: problem(503, 'Of GET /ready: `failing` names what is not ready.', 'Wait.'),

  // Access tokens
  invalid_dpop_proof: problem(
    401,
    'The request does not prove that its sender has the key of the token (RFC 9449).',
    'Send a new proof for this request.',
  ),
  use_dpop_nonce: problem(401, 'The proof needs a nonce.', 'Repeat with the nonce of DPoP-Nonce.'),
  proof_store_unavailable: problem(
    503,
    'It is not known whether the proof was used before.',
    'Try again after Retry-After, with a new proof.',
  ),
  missing_token: problem(401, 'There is no access token.', 'Send one: `Authorization: Bearer …`.'),
  invalid_token: problem(
    401,
    'The access token is malformed, expired, revoked (`reason` says why) or for another service.',
    'Refresh, then try once more.',
  ),
  insufficient_user_authentication: problem(
    401,
    'The sign-in is too long ago for this (RFC 9470).',
    'Ask the person for the password: POST /sessions/current/reauthentication. Who has none signs in anew, with max_age.',
  ),
  insufficient_scope: problem(
    403,
    'The token lacks a scope.',
    'The challenge names it; the person has not got it.',
  ),
  user_required: problem(403, 'The route is for people; the token is a service’s own.', 'Act for a person.'),
  actor_not_allowed: problem(
    403,
    'The service that acts for the person may not do this.',
    'See delegation.md.',
  ),
  key_set_unavailable: problem(503, 'There are no current keys to verify tokens with.', 'Try again.'),
  revocations_stale: problem(503, 'It is not known which tokens were revoked lately.', 'Try again.'),

  // Calls from service to service
  hop_unavailable: problem(
    503,
    'The service that `hop` names cannot be reached.',
    'Try again after Retry-After.',
  ),
  hop_refused: problem(403, 'This service may not use `hop` for the person.', 'Nothing: the policy says so.'),
  hop_failed: problem(502, 'The service that `hop` names gave no usable answer.', 'Try again.'),
  hop_timeout: problem(
    504,
    '`hop` did not answer in time. It may have done the request.',
    'Repeat with the same key.',
  ),

  // Accounts
  invalid_username: problem(400, 'The user name has a wrong form.', 'Choose another one.'),
  weak_password: problem(400, 'The password is too weak; `rule` names why.', 'Choose another one.'),
  unknown_role: problem(400, 'There is no such role.', 'Use one that `detail` lists.'),
  malformed_input: problem(400, 'Standard input of a command is not UTF-8.', 'Correct it.'),
  invalid_credentials: problem(401, 'The user name or the password is wrong.', 'Ask the person again.'),
  account_not_found: problem(404, 'There is no such account.', 'Correct the id.'),
  username_taken: problem(409, 'Another account has this user name.', 'Choose another one.'),
  own_account: problem(409, 'Operators cannot do this to their own account.', 'Ask another operator.'),
  unknown_provider: problem(
    404,
    'There is no identity provider with this id.',
    'Read the list of providers.',
  ),
  identity_not_found: problem(404, 'The person has no identity with this id.', 'Read the list again.'),
  no_password: problem(
    409,
    'The account has no password.',
    'Let the person sign in anew at their provider, with max_age, or set a password soon after signing in.',
  ),
  last_way_in: problem(
    409,
    'Without it the person could not sign in any more.',
    'Set a password, or link another account, first.',
  ),
  provider_unavailable: problem(
    503,
    'The identity provider does not answer.',
    'Try again after Retry-After.',
  ),
  too_many_attempts: problem(429, 'Too many attempts.', 'Wait for Retry-After.'),
  busy: problem(503, 'Too many passwords wait to be hashed.', 'Try again after Retry-After.'),
  account_changed: problem(503, 'The account was changed during the sign-in.', 'Try again.'),

  // Sessions
  invalid_code: problem(
    400,
    'The authorization code is unknown, expired, used, or was issued for something else.',
    'Start again at the authorization endpoint.',
  ),
  unknown_client: problem(400, 'There is no such client.', 'Correct client_id.'),
  malformed_scope: problem(400, 'The scope has a wrong form (RFC 6749 §3.3).', 'Correct it.'),
  device_name_blank: problem(400, 'The device name is blank.', 'Send a name, or none.'),
  device_name_too_long: problem(400, 'The device name is too long.', 'Shorten it.'),
  session_ended: problem(
    401,
    'The session has ended; `reason` says why, if that is known.',
    'Sign in again.',
  ),
  scope_not_allowed: problem(403, 'The account does not have all the scopes.', 'Ask for fewer.'),
  origin_not_allowed: problem(403, 'The page’s origin may not use this.', 'Add it to CORS_ORIGINS.'),
  cross_site: problem(
    403,
    'Page and auth-service are of two sites: no cookie would arrive.',
    'Serve both from one site.',
  ),
  session_not_found: problem(404, 'The person has no such session.', 'Read the list again.'),
  session_store_unavailable: problem(
    503,
    'Redis cannot be reached, or may have lost data.',
    'Try again after Retry-After.',
  ),

  // Clients, keys, revocations
  client_revoked: problem(403, 'The client was switched off.', 'Nothing: an operator did it.'),
  client_not_found: problem(404, 'There is no such client.', 'Correct the id.'),
  invalid_client_metadata: problem(
    400,
    'An application cannot be registered with these redirect URIs or keys.',
    'Correct what the detail names.',
  ),
  consent_not_found: problem(
    404,
    'The person has allowed nothing to an application with this id.',
    'Read the list again.',
  ),
  own_client: problem(
    409,
    'The client is the one that the operator is signed in with.',
    'Use another client.',
  ),
  key_not_found: problem(404, 'There is no signing key with this kid.', 'Correct the kid.'),
  rotation_too_early: problem(409, 'Verifiers may not know the next key yet.', 'Wait as `detail` says.'),
  no_signing_key: problem(503, 'No key can sign at the moment.', 'Try again; see runbook.md.'),
  client_keys_unavailable: problem(
    503,
    'The keys of the client cannot be fetched.',
    'Try again after Retry-After.',
  ),
  encryption_key_unavailable: problem(
    503,
    'The key of the service whose tokens are encrypted cannot be fetched.',
    'Try again after Retry-After.',
  ),
  temporarily_unavailable: problem(
    503,
    'It is not known whether this client assertion was used.',
    'Send another one.',
  ),
  closing: problem(503, 'The service is closing.', 'Follow the feed at another replica.'),
  too_many_streams: problem(503, 'Too many streams are open.', 'Try again after Retry-After.'),

  // Carts and wishlists
  not_in_cart: problem(404, 'The cart does not hold this.', 'Read the cart again.'),
  checkout_not_found: problem(404, 'There is no such checkout.', 'Correct the id.'),
  item_not_found: problem(404, 'There is no such item.', 'Read the wishlist again.'),
  cart_empty: problem(409, 'The cart is empty.', 'Read the cart again.'),
  cart_full: problem(409, 'The cart holds as many different things as it can.', 'Take something out.'),
  quantity_limit: problem(409, 'The cart holds as many pieces of one thing as it can.', 'Ask for fewer.'),
  currency_conflict: problem(409, 'The cart holds things in another currency.', 'Empty it first.'),
  checkout_in_progress: problem(
    409,
    'Another checkout of this cart is not finished.',
    'Try again after Retry-After.',
  ),
  checkout_completed: problem(409, 'The checkout was completed.', 'Nothing.'),
  checkout_released: problem(409, 'The checkout was released.', 'Begin another one.'),
  invalid_currency: problem(422, 'The currency is not an ISO 4217 code in use.', 'Correct it.'),

  // Payments
  invalid_cursor: problem(400, 'The cursor is not one of ours.', 'Begin with the first page.'),
  payment_not_found: problem(404, 'The person has no such payment.', 'Correct the id.'),
  cart_changed: problem(
    409,
    'The cart does not cost the agreed amount any more.',
    'Read it again, and ask the person.',
  ),
  request_in_progress: problem(
    409,
    'A request with this Idempotency-Key is being served.',
    'Repeat after Retry-After.',
  ),
  payment_not_refundable: problem(409, 'There is nothing that could be refunded.', 'Read the payment again.'),
  invalid_card: problem(422, 'The card number is not valid.', 'Ask the person again.'),
  expired_card: problem(422, 'The card has expired.', 'Ask for another card.'),
  currency_mismatch: problem(422, 'The refund has another currency than the payment.', 'Correct it.'),
  refund_exceeds_payment: problem(422, 'The refund is larger than what is left.', 'Ask for less.'),
  idempotency_key_reused: problem(
    422,
    'The Idempotency-Key came with another request before.',
    'Make a new key.',
  ),

  // The demo
  no_demo_account: problem(404, 'No demo account has this name.', 'See DEMO_ACCOUNTS.'),
  phone_not_found: problem(404, 'The demo has no such phone.', 'Sign in on one.'),
  not_signed_in: problem(409, 'Nobody is signed in, whose token could be stolen.', 'Sign in first.'),
  no_administrator: problem(409, 'The demo has no account with the role admin.', 'See DEMO_ACCOUNTS.'),
  not_shared: problem(409, 'The demo has not signed this person in at gift-ideas.', 'Do that first.'),
  partner_unavailable: problem(502, 'gift-ideas does not answer the demo as it should.', 'See its log.'),
  not_available: problem(409, 'This system cannot stop and start its parts.', 'Use `npm start`.'),
  control_failed: problem(502, 'A part could not be stopped or started.', 'See the log.'),
  auth_service_unavailable: problem(503, 'auth-service cannot be reached.', 'Try again.'),
} as const satisfies Record<string, ReturnType<typeof problem>> &
  Record<AuthErrorCode | HopErrorCode, unknown>;

export type ProblemCode = keyof typeof problemCodes;

/** A code with the status that belongs to it. */
export type CodeAndStatus = {
  [Code in ProblemCode]: { code: Code; status: (typeof problemCodes)[Code]['status'] };
}[ProblemCode];
