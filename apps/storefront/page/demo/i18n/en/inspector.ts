export const inspector = {
  title: 'Inspector',
  choose: 'Choose a request to see what is in it and which check decided.',
  nobody:
    'The newest request is taken apart here: what it carried, and which check decided. Pick mina to send the first.',
  gone: 'The request that you asked for is kept no longer: newer ones have taken its place.',
  decided: 'What decided',
  proof: 'The test that proves it, to run in the repository:',
  standard: 'Specified in',
  decisions: {
    waiting: 'No answer yet.',
    unanswered: 'No answer came. The service is down, or the line to it.',
    passed:
      'Every check passed. {{service}} asked nobody: keys and revocations were known before the request came.',
    open: 'No access token was needed for this.',
    unknown:
      'The service refused the token. Its answer does not say why, so that an attacker learns nothing. Its telemetry does, and arrives in a moment.',
    not_signed_in: 'auth-service did not accept it: {{code}}.',
    no_session: 'There is no session to renew: nobody is signed in.',
    turned_down: 'The token passed every check. What was asked for did not fit: {{code}}.',
    unfit: 'This was not done, whatever the token: {{code}}.',
    failed: 'Something that the service needs failed: {{code}}.',
    own_word: 'The service’s own word for it: {{word}}.',
  },
  ladder: 'The checks, in the order in which a service makes them',
  ladder_state: {
    passed: 'passed',
    refused: 'refused here',
    unasked: 'not reached',
    if_asked: 'only if the route requires it',
  },
  timeline: 'Where the time went',
  timeline_note: 'From the page’s request on. Each line stands below who asked for it.',
  took: '{{who}}, {{name}}: {{duration}}, beginning after {{offset}}',
  token: 'The token',
  token_none: 'This request carried no access token.',
  token_size: '{{bytes}} bytes. Anybody who holds it can read it; only auth-service can make one.',
  token_header: 'Header',
  token_claims: 'Claims',
  signature: 'Signature',
  signature_note: '{{bytes}} bytes, opaque. Change one character above and it no longer fits.',
  signature_absent: 'There is none.',
  absent: 'What is not in it',
  absent_things: {
    name: 'name',
    email: 'e-mail address',
    password: 'password',
    roles: 'roles',
    refresh_token: 'refresh token',
  },
  headers: 'Headers',
  request_headers: 'Sent',
  answer_headers: 'Answered',
  no_headers: 'None that a page may see.',
  curl: 'As curl',
  curl_note: 'Set TOKEN first: the token itself is never copied.',
  copy: 'Copy as curl',
  copy_proof: 'Copy',
  proof_copied: 'Copied.',
  copied: 'Copied. It holds $TOKEN, not the token.',
  not_copied: 'The browser did not allow it. Mark the text and copy it.',
  hop: 'Who asks for whom',
  hop_sentence:
    '{{actor}} asks {{service}} on behalf of the person. It exchanged the person’s token for one that is good for this alone.',
  hop_chain: '{{actors}} acted before it.',
  hop_own: '{{caller}} asks in its own name: it proves who it is with a key of its own.',
  hop_demo:
    'The demo’s server sent this, because a panel asked it to. It came as a thief, a phone or an administrator would come, by the ways that are open to everybody.',
  hop_fields: {
    subject: 'person (sub)',
    actors: 'acts for them (act)',
    client: 'got the token (client_id)',
    scope: 'may do (scope)',
    audience: 'good at (aud)',
    session: 'session (sid)',
    key: 'signed by (kid)',
  },
  hop_note: 'A token between services never reaches the page. This is what {{service}} tells of it.',
};

/** Each step in plain words: `asks` as a question, `refused` as what it means that it said no. */
export const checkWords = {
  token: { asks: 'Is there a token?', refused: 'No token came with the request.' },
  form: {
    asks: 'Is it exactly in the form of an access token?',
    refused:
      'It is not an access token as it has to be: another algorithm, another type, or a byte too many.',
  },
  signature: {
    asks: 'Did auth-service sign exactly this?',
    refused: 'The signature does not fit: the token was changed, or somebody else made it.',
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
    refused: 'It was good, and was revoked. The service was told as it happened.',
  },
  person: { asks: 'Is a person behind it?', refused: 'A service’s own token is not for routes of people.' },
  scope: {
    asks: 'Does it allow this?',
    refused: 'The token is good, but the person lacks the permission that this needs.',
  },
  actor: {
    asks: 'May this service act for the person here?',
    refused: 'Only a particular service may do this for a person, and the caller is not that service.',
  },
  recent_sign_in: {
    asks: 'Is the sign-in recent enough?',
    refused: 'The sign-in is too long ago for this: the password is required again.',
  },
  freshness: {
    asks: 'Is the revocation list fresh?',
    refused: 'The service’s revocation list is too old. Where money moves, the service then refuses.',
  },
};

export const claimWords = {
  iss: 'Who made the token. Services take no other’s.',
  sub: 'The person, as an opaque id. It names nobody.',
  aud: 'Where the token is good. Every other service refuses it.',
  client_id: 'The application in which the person signed in.',
  scope: 'What it allows. It follows from the person’s roles.',
  sid: 'The session. When it ends, every token of it is revoked.',
  jti: 'This one token’s number.',
  iat: 'When it was issued.',
  exp: 'When it ends by itself: five minutes later at most.',
  auth_time: 'When the password was last given.',
  acr: 'How the person proved who they are.',
  act: 'Who acts for the person.',
  alg: 'How it is signed. Nothing but RS256 is taken.',
  typ: 'An access token, and nothing else that is signed.',
  kid: 'Which key signed it.',
};
