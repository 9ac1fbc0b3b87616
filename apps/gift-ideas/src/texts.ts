export type Texts = typeof english;

const english = {
  language: 'en',
  title: 'Gift ideas',
  about:
    'A small application that is not part of the shop. With your permission it reads your wishlist, and has an idea for each wish.',
  signIn: 'Sign in with Latchkey',
  again: 'Back to the start',
  signOut: 'Sign out here',
  hello: (name: string) => `Ideas for ${name}`,
  ideas: [
    (wish: string) => `${wish}, wrapped in a map of the place where you met`,
    (wish: string) => `${wish}, with a letter that is written by hand`,
    (wish: string) => `${wish}, hidden at home, with a riddle that leads to it`,
  ],
  noWishes: 'The wishlist is empty. Put something on it in the shop, and reload this page.',
  noWishlist: (verdict: string) => `The wishlist could not be read: the shop answered ${verdict}.`,
  cart: (verdict: string) =>
    `You did not allow us your cart. We asked for it all the same, and the shop answered ${verdict}.`,
  ended: (reason: string) => `Latchkey has ended this sign-in (${reason}).`,
  reasons: {
    consent_withdrawn: 'you withdrew your permission',
    expired: 'it has expired',
    ended_by_user: 'you signed this application out',
    ended_all: 'you signed out everywhere',
    password_changed: 'you changed your password',
  } as Readonly<Record<string, string>>,
  problem: 'This did not work',
  problems: {
    denied: 'You did not allow it, so we read nothing. Nobody has signed in.',
    expired: 'This sign-in is too old, has been used already, or was begun in another browser. Begin again.',
    failed: 'The sign-in failed. Nobody has signed in.',
    refused:
      'Latchkey does not accept this application: it is not registered there, or its secret is another one. Its operator has to correct that.',
    unavailable: 'Latchkey cannot be reached at the moment. Try again shortly.',
    broken: 'There is no such page, or it does not work at the moment.',
  },
};

const korean: Texts = {
  language: 'ko',
  title: '선물 아이디어',
  about:
    '상점과는 별개인 작은 애플리케이션입니다. 허용해 주시면 위시리스트를 읽고 항목마다 선물 아이디어를 제안합니다.',
  signIn: 'Latchkey로 로그인',
  again: '처음으로',
  signOut: '여기서 로그아웃',
  hello: (name) => `${name} 님을 위한 아이디어`,
  ideas: [
    (wish) => `${wish} – 처음 만난 곳의 지도로 포장하기`,
    (wish) => `${wish} – 손 편지와 함께 건네기`,
    (wish) => `${wish} – 집 안에 숨겨 두고 수수께끼로 찾게 하기`,
  ],
  noWishes: '위시리스트가 비어 있습니다. 상점에서 항목을 추가한 뒤 이 페이지를 새로 고쳐 주세요.',
  noWishlist: (verdict) => `위시리스트를 읽지 못했습니다. 상점의 응답: ${verdict}`,
  cart: (verdict) =>
    `장바구니는 허용하지 않으셨습니다. 그래도 요청해 보았고, 상점의 응답은 다음과 같습니다: ${verdict}`,
  ended: (reason) => `Latchkey에서 이 로그인을 종료했습니다(${reason}).`,
  reasons: {
    consent_withdrawn: '권한을 철회하셨습니다',
    expired: '만료되었습니다',
    ended_by_user: '이 애플리케이션을 로그아웃하셨습니다',
    ended_all: '모든 기기에서 로그아웃하셨습니다',
    password_changed: '비밀번호를 변경하셨습니다',
  },
  problem: '요청을 처리하지 못했습니다',
  problems: {
    denied: '허용하지 않으셨으므로 아무것도 읽지 않았습니다. 로그인되지 않았습니다.',
    expired:
      '로그인 요청이 만료되었거나 이미 사용되었거나 다른 브라우저에서 시작되었습니다. 다시 시작해 주세요.',
    failed: '로그인에 실패했습니다. 로그인되지 않았습니다.',
    refused:
      'Latchkey가 이 애플리케이션을 인정하지 않습니다. 등록되어 있지 않거나 비밀 값이 다릅니다. 운영자가 바로잡아야 합니다.',
    unavailable: '지금은 Latchkey에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.',
    broken: '없는 페이지이거나 지금은 이용할 수 없습니다.',
  },
};

/**
 * The texts in the language that a browser prefers (RFC 9110 §12.5.4), English when it prefers neither.
 *
 * @example textsFor('de, ko;q=0.8, en;q=0.5'); // Korean
 */
export function textsFor(acceptLanguage = ''): Texts {
  const preferred = acceptLanguage
    .split(',', 20)
    .map((part) => {
      const [tag = '', weight = 'q=1'] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      return { language: tag.split('-', 1)[0], weight: Number(weight.replace('q=', '')) };
    })
    .filter(({ language, weight }) => weight > 0 && (language === 'ko' || language === 'en'))
    .sort((one, other) => other.weight - one.weight);
  return preferred[0]?.language === 'ko' ? korean : english;
}
