import type { Language } from './language.ts';

export type Texts = typeof english;

const english = {
  signIn: 'Sign in',
  signInTo: (client: string) => `Sign in to continue to ${client}`,
  ours: (client: string) => `${client} is part of this shop, so it asks for no permission.`,
  username: 'User name',
  password: 'Password',
  cancel: 'Cancel',
  elsewhere: 'Sign in with an account elsewhere',
  otherWays: 'Other ways to sign in',
  chooseAccount: 'Choose an account',
  continueAs: (username: string) => `Continue as ${username}`,
  another: 'Use another account',
  consentTo: (client: string) => `${client} asks for your permission`,
  signedInAs: (username: string) => `You are signed in as ${username}.`,
  wants: (client: string) => `${client} is not part of this shop. It wants to:`,
  at: (service: string) => `at ${service}`,
  leadsTo: (place: string) => `Afterwards you return to ${place}.`,
  withdraw: 'You can withdraw this at any time in your account.',
  allow: 'Allow',
  deny: 'Do not allow',
  faults: {
    invalid_credentials: 'The user name or the password is wrong.',
    too_many_attempts: 'Too many attempts. Wait a while and try again.',
    busy: 'Many people are signing in at the moment. Try again shortly.',
    unavailable: 'Something that we need is unavailable at the moment. Try again: nothing is done twice.',
    missing: 'Type your user name and your password.',
  },
  problem: 'This does not work',
  problems: {
    unproven: 'The application that sent you here made a mistake. Nothing was sent to it.',
    expired:
      'This page has expired, or was opened in another browser. Go back to the application and start again.',
    revoked: 'Nobody can sign in to this application at the moment.',
    foreign: 'This form did not come from our own page. Go back to the application and start again.',
    tooMany:
      'Too many sign-ins were begun from your network. Wait a minute, then go back to the application.',
    broken: 'Something went wrong here. It has been logged.',
    providerExpired:
      'This sign-in has expired, or was finished before. Go back to the application and start again.',
    providerElsewhere:
      'This sign-in began in another browser, or your browser keeps no cookies. Nobody was signed in.',
    providerUnavailable: 'The provider of your other account does not answer at the moment.',
    providerRefused:
      'The provider of your other account gave an answer that we cannot accept. It has been logged.',
    unavailable: 'Something that we need is unavailable at the moment. Reload this page shortly.',
  },
  detail: (description: string) => `For the developer: ${description}`,
  signOut: 'Sign out',
  signOutQuestion: (username: string) =>
    `Sign ${username} out here? Applications that you signed in to with this browser end your session too.`,
  stay: 'Stay signed in',
  stillSignedIn: 'You are still signed in',
  stillSignedInHere: (username: string) => `You are signed in as ${username}. You can close this page.`,
  signedOut: 'You are signed out',
  signedOutHere: 'Nobody is signed in here any more. You can close this page.',
  returning: 'Returning to the application',
  continue: 'Continue',
  scopes: {
    openid: 'know that it is you, by a number that says nothing else about you',
    profile: 'see your user name',
    offline_access: 'go on doing so while you are away, until you withdraw it',
    'cart:read': 'see your cart',
    'cart:write': 'change your cart',
    'wishlist:read': 'see your wishlist',
    'wishlist:write': 'change your wishlist',
    'payment:read': 'see your payments',
    'payment:write': 'pay with your cards',
    'payment:refund': 'give payments back',
  } as Readonly<Record<string, string>>,
};

const korean: Texts = {
  signIn: '로그인',
  signInTo: (client) => `${client}에 로그인`,
  ours: (client) => `${client}은(는) 이 상점의 서비스이므로 따로 권한을 묻지 않습니다.`,
  username: '아이디',
  password: '비밀번호',
  cancel: '취소',
  elsewhere: '다른 서비스 계정으로 로그인',
  otherWays: '다른 방법으로 로그인',
  chooseAccount: '계정 선택',
  continueAs: (username) => `${username} 계정으로 계속`,
  another: '다른 계정 사용',
  consentTo: (client) => `${client}에서 권한을 요청합니다`,
  signedInAs: (username) => `${username} 계정으로 로그인되어 있습니다.`,
  wants: (client) => `${client}은(는) 이 상점의 서비스가 아닙니다. 다음 권한을 요청합니다.`,
  at: (service) => `${service}`,
  leadsTo: (place) => `완료되면 ${place}(으)로 돌아갑니다.`,
  withdraw: '허용한 권한은 계정에서 언제든지 철회할 수 있습니다.',
  allow: '허용',
  deny: '허용 안 함',
  faults: {
    invalid_credentials: '아이디 또는 비밀번호가 올바르지 않습니다.',
    too_many_attempts: '시도 횟수가 너무 많습니다. 잠시 후 다시 시도해 주세요.',
    busy: '지금 로그인하는 사람이 많습니다. 잠시 후 다시 시도해 주세요.',
    unavailable: '필요한 서비스에 지금 연결할 수 없습니다. 다시 시도해도 두 번 처리되지 않습니다.',
    missing: '아이디와 비밀번호를 입력해 주세요.',
  },
  problem: '요청을 처리할 수 없습니다',
  problems: {
    unproven:
      '이 페이지로 보낸 애플리케이션의 요청이 올바르지 않습니다. 애플리케이션에는 아무것도 전달하지 않았습니다.',
    expired:
      '페이지가 만료되었거나 다른 브라우저에서 열었습니다. 애플리케이션으로 돌아가 다시 시작해 주세요.',
    revoked: '지금은 이 애플리케이션에 로그인할 수 없습니다.',
    foreign: '이 페이지에서 보낸 양식이 아닙니다. 애플리케이션으로 돌아가 다시 시작해 주세요.',
    tooMany:
      '같은 네트워크에서 로그인을 너무 많이 시작했습니다. 잠시 후 애플리케이션으로 돌아가 다시 시도해 주세요.',
    broken: '오류가 발생했습니다. 오류 내용은 기록되었습니다.',
    providerExpired:
      '로그인 시간이 지났거나 이미 끝난 로그인입니다. 애플리케이션으로 돌아가 다시 시작해 주세요.',
    providerElsewhere:
      '다른 브라우저에서 시작한 로그인이거나, 브라우저가 쿠키를 저장하지 않습니다. 로그인은 이루어지지 않았습니다.',
    providerUnavailable: '다른 서비스의 로그인 페이지에 지금 연결할 수 없습니다.',
    providerRefused: '다른 서비스에서 받은 로그인 결과를 확인할 수 없습니다. 오류 내용은 기록되었습니다.',
    unavailable: '필요한 서비스에 지금 연결할 수 없습니다. 잠시 후 페이지를 새로 고쳐 주세요.',
  },
  detail: (description) => `개발자용 정보: ${description}`,
  signOut: '로그아웃',
  signOutQuestion: (username) =>
    `${username} 계정에서 로그아웃할까요? 이 브라우저로 로그인한 다른 애플리케이션에서도 세션이 끝납니다.`,
  stay: '로그인 유지',
  stillSignedIn: '로그인 상태가 유지됩니다',
  stillSignedInHere: (username) => `${username} 계정으로 로그인되어 있습니다. 페이지를 닫아도 됩니다.`,
  signedOut: '로그아웃되었습니다',
  signedOutHere: '이 브라우저에는 이제 로그인한 계정이 없습니다. 페이지를 닫아도 됩니다.',
  returning: '애플리케이션으로 돌아갑니다',
  continue: '계속',
  scopes: {
    openid: '본인 확인(다른 정보가 담기지 않은 번호 사용)',
    profile: '아이디 보기',
    offline_access: '사용하지 않는 동안에도 권한 유지(철회할 때까지)',
    'cart:read': '장바구니 보기',
    'cart:write': '장바구니 변경',
    'wishlist:read': '위시리스트 보기',
    'wishlist:write': '위시리스트 변경',
    'payment:read': '결제 내역 보기',
    'payment:write': '카드로 결제',
    'payment:refund': '결제 환불',
  },
};

export const textsIn: Readonly<Record<Language, Texts>> = { en: english, ko: korean };
