export const inspector = {
  title: 'Inspector',
  choose: 'Choose a request to see what it carried and which check decided.',
  nobody:
    'This shows the newest request: what it carried, and which check decided. Pick mina to send the first one.',
  gone: 'The request that you asked for is no longer kept. Newer ones have replaced it.',
  visit: 'Away from this page',
  visit_sign_in:
    'The browser itself went to {{place}} and came back. No script of this page sees what it asked there. It came back with a code, which only this tab can redeem: it alone has the PKCE verifier. auth-service then issues the token, also for somebody who signed in elsewhere: it is the same token for all services.',
  visit_link:
    'The browser itself went to {{place}} and came back through auth-service. The address says only what came of it: no token of the provider reaches this page.',
  visit_to: 'There',
  visit_back: 'Back',
  decided: 'What decided',
  proof: 'The test that proves it, to run in the repository:',
  standard: 'Specified in',
  decisions: {
    waiting: 'No answer yet.',
    unanswered: 'No answer came. The service or the connection to it is down.',
    passed:
      'Every check passed. {{service}} asked no other service: it knew the keys and revocations before the request came.',
    open: 'No access token was needed for this.',
    unknown:
      'The service refused the token. Its answer does not say why, so that an attacker learns nothing. The reason is in its telemetry, which arrives in a moment.',
    not_signed_in: 'auth-service did not accept it: {{code}}.',
    no_session: 'There is no session to renew: nobody is signed in.',
    again:
      'No refusal: {{service}} wants the proof to hold a nonce of its own, which it sent with this answer. It shows that the proof was made just now. The page repeats the request by itself.',
    turned_down: 'The token passed every check, but the request was not carried out: {{code}}.',
    unfit: 'The request was not carried out, for a reason other than the token: {{code}}.',
    failed: 'Something that the service needs failed: {{code}}.',
    own_word: 'The service’s own name for it: {{word}}.',
  },
  ladder: 'The checks, in the order in which a service makes them',
  ladder_state: {
    passed: 'passed',
    refused: 'refused here',
    unasked: 'not reached',
    if_asked: 'only if the route requires it',
  },
  timeline: 'Where the time went',
  timeline_note: 'Measured from the page’s request. Each line is below its caller.',
  took: '{{who}}, {{name}}: {{duration}}, starting after {{offset}}',
  token: 'The token',
  token_none: 'This request carried no access token.',
  token_size: '{{bytes}} bytes. Anybody who holds it can read it; only auth-service can make one.',
  token_header: 'Header',
  token_claims: 'Claims',
  signature: 'Signature',
  signature_note: '{{bytes}} bytes, opaque. Change one character above and it no longer matches.',
  signature_absent: 'The token has no signature.',
  absent: 'What is not in it',
  absent_things: {
    name: 'name',
    email: 'e-mail address',
    password: 'password',
    roles: 'roles',
    refresh_token: 'refresh token',
  },
  proof_title: 'The proof of the key',
  proof_note:
    'The header DPoP holds a document that this browser’s key signed for this one request. No service takes it twice, and none takes it for another request.',
  headers: 'Headers',
  request_headers: 'Sent',
  answer_headers: 'Answered',
  no_headers: 'None that a page may see.',
  curl: 'As curl',
  curl_note: 'Set TOKEN first: the page never copies the token itself.',
  curl_bound:
    'The page’s proof was good once, and only this browser can make another. Without one, services refuse this token.',
  copy: 'Copy as curl',
  copy_proof: 'Copy',
  proof_copied: 'Copied.',
  copied: 'Copied. It holds $TOKEN, not the token.',
  not_copied: 'The browser did not allow it. Select the text and copy it.',
  hop: 'Who asks for whom',
  hop_sentence:
    '{{actor}} calls {{service}} on behalf of the person. It exchanged the person’s token for one that is valid only for this.',
  hop_chain: '{{actors}} acted before it.',
  hop_own: '{{caller}} calls in its own name. It proves its identity with its own key.',
  hop_partner:
    'gift-ideas calls with what you allowed it. It knows neither your password nor this page’s token.',
  hop_demo:
    'The demo’s server sent this, because a panel asked it to. It used the same public routes as a thief, a phone or an administrator would.',
  hop_fields: {
    subject: 'person (sub)',
    actors: 'acts for them (act)',
    client: 'got the token (client_id)',
    scope: 'may do (scope)',
    audience: 'valid at (aud)',
    session: 'session (sid)',
    key: 'signed by (kid)',
  },
  hop_note: 'A token between services never reaches the page. This is what {{service}} reports about it.',
};

/** Each check in plain words: `asks` is what it checks, `refused` what a refusal by it means. */
export const checkWords = {
  token: { asks: 'Is there a token?', refused: 'No token came with the request.' },
  form: {
    asks: 'Is it exactly in the form of an access token?',
    refused:
      'It does not have the exact form of an access token: another algorithm, another type, or an extra byte.',
  },
  signature: {
    asks: 'Did auth-service sign exactly this?',
    refused: 'The signature does not match: the token was changed, or somebody else made it.',
  },
  issuer: { asks: 'Is it from our auth-service?', refused: 'Somebody else issued it.' },
  audience: {
    asks: 'Is it meant for this service?',
    refused: 'It is meant for other services: this person has no permission at this one.',
  },
  claims: { asks: 'Are its claims well-formed?', refused: 'A claim is missing or malformed.' },
  times: { asks: 'Is it valid now?', refused: 'It has expired, or is not valid yet.' },
  revoked: {
    asks: 'Has it been revoked?',
    refused: 'It was valid, and was revoked. The service was told at that moment.',
  },
  possession: {
    asks: 'If it is bound to a key: is there a proof of that key?',
    refused: 'The token is bound to a key, and who sent it did not prove to have that key.',
  },
  person: {
    asks: 'Is it a person’s token?',
    refused: 'A service’s own token may not use a person’s routes.',
  },
  scope: {
    asks: 'Does it allow this?',
    refused: 'The token is valid, but the person lacks the permission that this needs.',
  },
  actor: {
    asks: 'May this service act for the person here?',
    refused: 'Only a particular service may do this for a person, and the caller is another one.',
  },
  recent_sign_in: {
    asks: 'Is the sign-in recent enough?',
    refused: 'The sign-in is too long ago for this: the password is required again.',
  },
  freshness: {
    asks: 'Is the revocation list fresh?',
    refused: 'The service’s revocation list is too old. A service that moves money then refuses.',
  },
};

export const claimWords = {
  iss: 'Who issued the token. Services accept no other issuer’s.',
  sub: 'The person, as an opaque id. It names nobody.',
  aud: 'Where the token is valid. Every other service refuses it.',
  client_id: 'The application in which the person signed in.',
  scope: 'What it allows. It follows from the person’s roles.',
  sid: 'The session. When it ends, all its tokens are revoked.',
  jti: 'This one token’s number.',
  iat: 'When it was issued.',
  exp: 'When it expires: at most five minutes after it was issued.',
  auth_time: 'When the password was last given.',
  acr: 'How the person proved who they are.',
  act: 'Who acts for the person.',
  cnf: 'To which key it is bound, by its thumbprint. Without a proof of that key no service accepts it.',
  alg: 'How it is signed. Only RS256 is accepted.',
  typ: 'Marks an access token, to tell it from other signed documents.',
  kid: 'Which key signed it.',
};

/** What a proof says (RFC 9449 §4.2). */
export const proofWords = {
  jti: 'This one proof’s number.',
  htm: 'The method of the request.',
  htu: 'Its address, without the query.',
  iat: 'When the proof was made.',
  ath: 'Which access token it goes with: a hash of it.',
  nonce: 'The nonce that the service asked for.',
};
