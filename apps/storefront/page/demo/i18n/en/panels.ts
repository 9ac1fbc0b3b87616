export const common = {
  title: 'Try to break it',
  parts: 'Parts of the console',
  intro: 'Each of these happens for real, on this machine.',
  signed_out: 'You signed out.',
  signed_out_because: 'You are signed out: {{reason}}.',
  sign_in_again: 'Sign in again as {{username}}',
  signed_in_again: 'Signed in again as {{username}}.',
  need_session: 'Sign in to try this: in the shop, pick mina.',
  stranger:
    'This signs in with a password, and the demo does not know yours. Sign in with a demo account to try it.',
  busy: 'Working …',
  failed: 'It failed: {{code}}.',
  stopwatch: 'How each service changed its verdict',
  service: 'Service',
  before: 'Before',
  after: 'After',
  elapsed: 'Took',
  verdict: 'Verdict',
  unchanged: 'unchanged',
  reasons: {
    sign_out: 'signed out',
    ended_by_user: 'ended from another device',
    ended_all: 'all devices were signed out',
    replaced: 'signed in again in this browser',
    displaced: 'another device signed in, and only one is allowed',
    too_many: 'signed in on too many devices',
    password_changed: 'the password was changed',
    account_disabled: 'the account was disabled',
    ended_by_operator: 'an administrator ended the session',
    token_revoked: 'the token was revoked',
    code_reused: 'the code of the sign-in was used again, a sign of theft',
    consent_withdrawn: 'what the application was allowed was withdrawn',
    reuse: 'a replaced refresh token was used, a sign of theft',
    sign_in_failed: 'the sign-in was not completed',
    roles_changed: 'the permissions changed',
    no_cookie: 'the browser sent no cookie',
    cross_site: 'the page is on another site than auth-service',
    key_revoked: 'the signing key was revoked',
    client_revoked: 'the application was switched off',
    moved: 'the sessions were lost or moved',
  },
};

export const permissions = {
  tab: 'Permissions',
  about:
    'Take a permission from {{username}}, as an administrator would. Every service refuses the page’s current token within milliseconds. The next token has the remaining permissions.',
  about_anybody:
    'Take a permission from the person who is signed in, as an administrator would. Every service refuses the page’s current token within milliseconds. The next token has the remaining permissions.',
  switches: 'What {{username}} may do',
  by_roles: 'Roles now: {{roles}}',
  no_roles: 'none',
  done: 'Permissions changed. {{summary}}',
  went_on:
    'The page fetched a new token and continued. To a request that needs this permission, the services now answer (↩: let in, with nothing to do):',
  refreshed: 'With the new token',
};

export const devices = {
  tab: 'Devices',
  about:
    'Where the person is signed in. When a session ends, every service is told at once. Nobody waits for a token to expire.',
  list: 'Your sessions',
  device: 'Device',
  application: 'Application',
  last_used: 'Last used',
  actions: 'Actions',
  this_one: 'this page',
  rename: 'Rename',
  rename_device: 'Rename: {{device}}',
  new_name: 'New name of {{device}}',
  save: 'Save',
  cancel: 'Cancel',
  renamed: 'Renamed to {{device}}.',
  sign_out: 'Sign out',
  sign_out_device: 'Sign out: {{device}}',
  sign_out_others: 'Sign all others out',
  signed_out: '{{device}} is signed out.',
  others_signed_out: 'All other devices are signed out.',
  phones: 'Phones: one at a time',
  phones_about:
    'The phone application allows one device. Sign a second one in: it displaces the first, every service refuses the first phone’s token, and that phone is told why.',
  phone_add: 'Sign a phone in',
  phone_state: 'State',
  phone_in: 'signed in',
  phone_out: 'signed out: {{reason}}',
  phone_none: 'No phone yet. Sign one in, and then another.',
  phone_added: '{{device}} is signed in. {{summary}}',
};

export const thief = {
  tab: 'Thief',
  about: 'Four ways to use a token that is not yours. See how far each gets.',
  refresh_title: 'Steal the refresh token',
  refresh_about:
    'The demo’s server reads this browser’s cookie, as malware on this machine could, and refreshes with it. The owner’s copy is then out of date. Using that copy reveals the theft, and the session ends for both.',
  refresh_do: 'Steal it and use it',
  steps: 'What happened, in order',
  who: 'Who',
  generation: 'Generation',
  generation_note:
    'A session’s refresh tokens are numbered: each use makes the next generation. The first is generation {{first}}. A client that sends an older one holds a copy.',
  answer: 'Answer',
  whos: { thief: 'thief', owner: 'owner' },
  access_title: 'Steal the access token',
  access_about:
    'Anybody who holds an access token can use it: that is what “bearer” means. The question is for how long. Sign out and watch.',
  access_do: 'Use it from another machine',
  access_sign_out: 'Now sign out',
  access_used: 'The thief’s machine uses your token',
  edit_title: 'Change what it says',
  edit_about:
    'The page changes a claim in its own token and keeps the signature. Anybody can do that; no service accepts it.',
  edits: { refund: 'May refund payments', other: 'Pose as somebody else', forever: 'Never expire' },
  none_title: 'Say that it needs no signature',
  none_about: 'A token whose header says “alg: none” once fooled many libraries.',
  none_do: 'Send it unsigned',
  forged: 'The forged token says',
  forged_claim: '{{name}}: {{value}}',
  asked: 'What each service answers',
  answered: 'Answered after',
  done: 'Three services answered: {{summary}}',
};

export const sharing = {
  tab: 'Sharing',
  about:
    'Share your wishlist, and nothing else, with an outsider: gift-ideas, an application of a partner. You sign in at auth-service, and allow it there. Then withdraw it.',
  open: 'Open gift-ideas and do it yourself',
  share: 'Sign in there and allow it',
  scope: 'Its token may do:',
  verdicts: 'gift-ideas asks for your wishlist, and for your cart, too',
  withdraw: 'Withdraw it, as in your account',
};

export const keys = {
  tab: 'Keys',
  about:
    'auth-service signs with one key, and publishes the next key before using it. Rotate under traffic and count what breaks. Or declare the key leaked, and watch every service refuse its tokens.',
  list: 'Signing keys',
  key: 'Key',
  state: 'State',
  states: {
    next: 'published, signs next',
    active: 'signs',
    retiring: 'retired, its tokens still pass',
  },
  yours: 'signed your token',
  traffic: 'Send requests continuously',
  requests: 'Requests',
  errors: 'Refused or failed',
  recovered: 'Refused once, then passed with a new token',
  chart: 'Requests and errors per second',
  chart_summary: '{{requests}} requests, {{errors}} refused or failed',
  rotate: 'Rotate now',
  rotate_in: 'Rotate (in {{seconds}} s)',
  rotate_why: 'Every service first needs time to fetch the next key.',
  rotated: 'The next key signs now. Tokens signed by the old key still pass.',
  kill: 'It has leaked: revoke the key of your token',
  killed: 'The key and every token that it signed are revoked. {{summary}}',
  recovers: 'The page fetched a token of the new key and goes on.',
};

export const failures = {
  tab: 'Failures',
  about:
    'Stop the parts that everything seems to depend on. Services still verify tokens by themselves. Whatever needs auth-service fails closed, and recovers by itself.',
  parts: { 'auth-service': 'auth-service', redis: 'Redis' },
  stop: 'Stop {{part}}',
  start: 'Start {{part}} again',
  running: 'running',
  stopped: 'stopped',
  asked: 'What the services answer',
  action: 'Attempt',
  now: 'Now',
  meaning: 'Meaning',
  attempts: {
    read_cart: 'Read the cart',
    read_wishlist: 'Read the wishlist',
    read_payments: 'Read payments',
    write_cart: 'Change the cart',
    pay: 'Pay',
    refresh: 'Renew the token',
  },
  meanings: {
    carries_on: 'carries on',
    closed: 'fails closed',
    denied: 'not permitted',
    asking: 'asking …',
  },
  pay_note:
    'The payment has no card and no amount. Once the token has passed, it is refused for that (400), and your cart stays as it is.',
  unavailable:
    'The demo cannot stop parts of this system from here. Run one of these, and start it again after a while:',
  changed: '{{part}} is {{state}}.',
  signed_out_note: 'Sign in first, so that there is a token to try. In the shop, pick mina.',
};
