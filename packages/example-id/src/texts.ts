export type Texts = typeof english;

const english = {
  language: 'en',
  home: 'An identity provider to try things with',
  about: 'Its people are made up, and their passwords are public: use no password of your own here.',
  signIn: 'Sign in',
  signInFor: (client: string) => `Sign in to go on to ${client}`,
  shares: (client: string) => `If you sign in, Example ID tells ${client} your name.`,
  username: 'User name',
  password: 'Password',
  cancel: 'Cancel',
  wrong: 'The user name or the password is wrong.',
  people: 'Who has an account here',
  signOut: 'Sign out',
  signOutQuestion: 'Sign out of Example ID?',
  signOutAbout: 'Sites where you signed in with Example ID are told.',
  stay: 'Stay signed in',
  signedOut: 'You are signed out',
  signedOutAbout: 'You are signed out of Example ID.',
  problem: 'This did not work',
  tooOld:
    'This sign-in is too old, or was begun in another browser. Go back to where you came from, and begin again.',
  broken: 'There is no such page, or it does not work at the moment.',
};

const korean: Texts = {
  language: 'ko',
  home: '시험용 로그인 서비스',
  about: '가상의 인물만 있고 비밀번호는 공개되어 있습니다. 실제로 쓰는 비밀번호는 입력하지 마세요.',
  signIn: '로그인',
  signInFor: (client) => `${client}에 로그인`,
  shares: (client) => `로그인하면 ${client}에 이름이 제공됩니다.`,
  username: '사용자 이름',
  password: '비밀번호',
  cancel: '취소',
  wrong: '사용자 이름 또는 비밀번호가 올바르지 않습니다.',
  people: '등록된 계정',
  signOut: '로그아웃',
  signOutQuestion: 'Example ID에서 로그아웃할까요?',
  signOutAbout: 'Example ID로 로그인한 사이트에도 알립니다.',
  stay: '로그인 유지',
  signedOut: '로그아웃되었습니다',
  signedOutAbout: 'Example ID에서 로그아웃되었습니다.',
  problem: '요청을 처리하지 못했습니다',
  tooOld:
    '로그인 요청이 만료되었거나 다른 브라우저에서 시작되었습니다. 처음 사이트로 돌아가 다시 시도해 주세요.',
  broken: '없는 페이지이거나 지금은 이용할 수 없습니다.',
};

/**
 * The texts in the first language that is asked for: of ui_locales (OpenID Connect Core §3.1.2.1), then of
 * Accept-Language, in the order in which it names them. English when neither names one of ours.
 *
 * @example textsFor('ko en', 'de'); // Korean
 */
export function textsFor(uiLocales: unknown, acceptLanguage = ''): Texts {
  const asked = `${typeof uiLocales === 'string' ? uiLocales : ''},${acceptLanguage}`.toLowerCase();
  return /(?:^|[\s,])(en|ko)\b/.exec(asked)?.[1] === 'ko' ? korean : english;
}
