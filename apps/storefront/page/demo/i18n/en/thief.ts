export const thief = {
  tab: 'Thief',
  about: 'Four ways to use a token that is not yours. See how far each gets.',
  refresh_title: 'Steal the refresh token',
  refresh_about:
    'The demo’s server reads this browser’s cookie, as malware on this machine could, and refreshes with it. The owner’s copy is then out of date. Using that copy reveals the theft, and the session ends for both.',
  refresh_about_bound:
    'The demo’s server reads this browser’s cookie and tries to refresh with it, but it has not got the key. That it was tried is recorded, and the owner goes on.',
  refresh_stays:
    'The thief got nothing, and you are still signed in. Your list of devices says that somebody tried.',
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
  access_about_bound:
    'Your token says to which key it is bound. The demo’s server sends it to each service without a proof of that key, as anybody would have to who copied it.',
  access_why: 'Each service found this in the token, and no proof of the key with that thumbprint:',
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

/** What the thief panel says about a session that is bound to a key, and one that is not. */
export const binding = {
  title: 'Is your session bound to a key?',
  bound: 'bound to a key of this browser',
  unbound: 'not bound to a key',
  why_bound:
    'The browser made a key that it shows to nobody, not even to a script of this page. With each request the page proves that it has this key (DPoP, RFC 9449). Whoever copies the token, or the cookie, has not got the key and gets nothing. Two things it does not prevent: a script that runs in this page can use the key while the page is open, and a program on this machine that copies the browser’s own files has the key as well.',
  why_unbound:
    'Whoever copies its token, or its cookie, can use it as you do, until the theft is noticed. Bound to a key of this browser, the copy would be worth nothing. The demo begins without a key, because its server plays the thief and measures with your token.',
  bind: 'Bind my session to a key',
  unbind: 'Go without a key again',
  how: 'This signs you out and loads the page again. Then sign in as before.',
  server_cannot:
    'Your session is bound to a key of this browser, so the demo’s server cannot use its token for this. Under “Thief” you can go without a key again.',
  compare: 'The same theft with and without a key',
  compare_about:
    'What came of the last theft of each kind in this tab. Steal both tokens, change the binding above, and steal them again.',
  theft: 'What the thief tried',
  without: 'Without a key',
  with: 'With a key',
  not_tried: 'not tried',
  access_at: 'Access token at {{service}}',
  refresh_thief: 'Refresh token, by the thief',
  refresh_owner: 'Refresh token, by its owner afterwards',
};
