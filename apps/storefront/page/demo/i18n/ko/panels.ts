export const common = {
  title: '직접 깨뜨려 보기',
  parts: '콘솔 구역',
  intro: '모두 이 컴퓨터에서 실제로 일어납니다.',
  signed_out: '로그아웃했습니다.',
  signed_out_because: '로그아웃되었습니다: {{reason}}.',
  sign_in_again: '{{username}}(으)로 다시 로그인',
  signed_in_again: '{{username}}(으)로 다시 로그인했습니다.',
  need_session: '로그인하면 해 볼 수 있습니다. 상점에서 mina를 고르세요.',
  stranger:
    '비밀번호로 로그인해야 하는데 데모는 이 계정의 비밀번호를 모릅니다. 데모 계정으로 로그인해 해 보세요.',
  busy: '진행 중 …',
  failed: '실패했습니다: {{code}}.',
  stopwatch: '서비스마다 판정이 어떻게 바뀌었나',
  service: '서비스',
  before: '이전',
  after: '이후',
  elapsed: '걸린 시간',
  verdict: '판정',
  unchanged: '그대로',
  reasons: {
    sign_out: '로그아웃',
    ended_by_user: '다른 기기에서 종료함',
    ended_all: '모든 기기에서 로그아웃함',
    replaced: '이 브라우저에서 새로 로그인함',
    displaced: '한 대만 허용되는데 다른 기기가 로그인함',
    too_many: '너무 많은 기기에서 로그인함',
    password_changed: '비밀번호가 바뀜',
    account_disabled: '계정이 정지됨',
    ended_by_operator: '관리자가 세션을 종료함',
    token_revoked: '토큰이 폐기됨',
    code_reused: '로그인 코드가 다시 쓰임, 도난의 징후',
    consent_withdrawn: '애플리케이션에 허용한 권한이 철회됨',
    reuse: '교체된 리프레시 토큰이 쓰임, 도난의 징후',
    sign_in_failed: '로그인이 완료되지 않음',
    roles_changed: '권한이 바뀜',
    no_cookie: '브라우저가 쿠키를 보내지 않음',
    cross_site: '페이지와 auth-service의 사이트가 다름',
    key_revoked: '서명 키가 폐기됨',
    client_revoked: '애플리케이션이 중지됨',
    moved: '세션이 사라졌거나 옮겨짐',
  },
};

export const permissions = {
  tab: '권한',
  about:
    '관리자가 하듯 {{username}}의 권한을 거두어 보세요. 페이지가 가진 토큰은 몇 밀리초 안에 모든 곳에서 거부되고, 다음 토큰에는 남은 권한만 담깁니다.',
  about_anybody:
    '관리자가 하듯 로그인한 사람의 권한을 거두어 보세요. 페이지가 가진 토큰은 몇 밀리초 안에 모든 곳에서 거부되고, 다음 토큰에는 남은 권한만 담깁니다.',
  switches: '{{username}}이(가) 할 수 있는 일',
  by_roles: '현재 역할: {{roles}}',
  no_roles: '없음',
  done: '권한을 바꾸었습니다. {{summary}}',
  went_on:
    '페이지는 새 토큰을 받아 계속합니다. 이 권한이 필요한 일을 요청하면 서비스는 이제 이렇게 답합니다(↩: 허용했지만 할 일이 없음):',
  refreshed: '새 토큰으로',
};

export const devices = {
  tab: '기기',
  about:
    '로그인되어 있는 기기입니다. 세션을 끝내면 모든 서비스가 곧바로 통보받습니다. 토큰이 만료되기를 기다릴 필요가 없습니다.',
  list: '내 세션',
  device: '기기',
  application: '애플리케이션',
  last_used: '마지막 사용',
  actions: '작업',
  this_one: '이 페이지',
  rename: '이름 바꾸기',
  rename_device: '이름 바꾸기: {{device}}',
  new_name: '{{device}}의 새 이름',
  save: '저장',
  cancel: '취소',
  renamed: '이름을 {{device}}(으)로 바꾸었습니다.',
  sign_out: '로그아웃',
  sign_out_device: '로그아웃: {{device}}',
  sign_out_others: '다른 기기 모두 로그아웃',
  signed_out: '{{device}}에서 로그아웃했습니다.',
  others_signed_out: '다른 기기에서 모두 로그아웃했습니다.',
  phones: '휴대폰: 한 번에 한 대',
  phones_about:
    '휴대폰 앱은 한 대만 허용합니다. 두 번째 휴대폰으로 로그인해 보세요. 첫 번째 휴대폰은 로그아웃되고, 그 토큰은 모든 서비스에서 거부되며, 이유도 통보받습니다.',
  phone_add: '휴대폰 로그인',
  phone_state: '상태',
  phone_in: '로그인됨',
  phone_out: '로그아웃됨: {{reason}}',
  phone_none: '아직 휴대폰이 없습니다. 한 대로 로그인한 다음 한 대 더 로그인해 보세요.',
  phone_added: '{{device}}이(가) 로그인했습니다. {{summary}}',
};

export const thief = {
  tab: '도둑',
  about: '남의 토큰을 쓰는 네 가지 방법입니다. 어디까지 통하는지 보세요.',
  refresh_title: '리프레시 토큰 훔치기',
  refresh_about:
    '이 컴퓨터의 악성 코드가 그럴 수 있듯, 데모 서버가 이 브라우저의 쿠키를 읽어 토큰을 갱신합니다. 그러면 주인의 토큰은 이전 세대가 됩니다. 주인이 그 토큰을 쓰면 도난이 드러나고, 세션은 양쪽 모두에게서 끝납니다.',
  refresh_do: '훔쳐서 사용하기',
  steps: '일어난 일, 순서대로',
  who: '누가',
  generation: '세대',
  generation_note:
    '세션의 리프레시 토큰은 한 번 쓸 때마다 다음 세대가 됩니다. 첫 세대는 {{first}}입니다. 이전 세대의 토큰을 보내는 쪽은 복사본을 가진 것입니다.',
  answer: '응답',
  whos: { thief: '도둑', owner: '주인' },
  access_title: '액세스 토큰 훔치기',
  access_about:
    '액세스 토큰은 가진 사람이 쓸 수 있습니다. “bearer”란 그런 뜻입니다. 문제는 얼마나 오래 쓸 수 있느냐입니다. 로그아웃하고 지켜보세요.',
  access_do: '다른 컴퓨터에서 사용하기',
  access_sign_out: '이제 로그아웃하기',
  access_used: '도둑의 컴퓨터가 내 토큰을 사용합니다',
  edit_title: '내용 고치기',
  edit_about:
    '페이지가 자기 토큰의 클레임을 고치고 서명은 그대로 둡니다. 누구나 할 수 있지만 어느 서비스도 받아들이지 않습니다.',
  edits: { refund: '환불 권한 넣기', other: '다른 사람인 척하기', forever: '만료되지 않게 하기' },
  none_title: '서명이 필요 없다고 하기',
  none_about: '헤더에 “alg: none”이라고 적은 토큰에 한때 많은 라이브러리가 속았습니다.',
  none_do: '서명 없이 보내기',
  forged: '위조한 토큰의 내용',
  forged_claim: '{{name}}: {{value}}',
  asked: '각 서비스의 답',
  answered: '응답까지',
  done: '세 서비스가 답했습니다: {{summary}}',
};

export const sharing = {
  tab: '공유',
  about:
    '제휴사의 애플리케이션인 gift-ideas에 위시리스트만 공유해 보세요. 로그인과 허용은 auth-service에서 합니다. 그런 다음 철회해 보세요.',
  open: 'gift-ideas를 열어 직접 해 보기',
  share: '로그인하고 허용하기',
  scope: '토큰으로 할 수 있는 일:',
  verdicts: 'gift-ideas가 위시리스트를 요청하고, 장바구니도 요청해 봅니다',
  withdraw: '계정에서처럼 철회하기',
};

export const keys = {
  tab: '키',
  about:
    'auth-service는 키 하나로 서명하고, 다음 키는 쓰기 전에 미리 공개합니다. 요청이 오가는 중에 교체하고 무엇이 깨지는지 세어 보세요. 또는 키가 유출되었다고 하고, 그 키로 서명한 토큰이 무효가 되는 것을 지켜보세요.',
  list: '서명 키',
  key: '키',
  state: '상태',
  states: {
    next: '공개됨, 다음에 서명',
    active: '서명 중',
    retiring: '교체됨, 토큰은 아직 유효',
  },
  yours: '내 토큰에 서명한 키',
  traffic: '요청을 계속 보내기',
  requests: '요청',
  errors: '거부 또는 실패',
  recovered: '한 번 거부된 뒤 새 토큰으로 통과',
  chart: '초당 요청과 오류',
  chart_summary: '요청 {{requests}}건 가운데 {{errors}}건이 거부되거나 실패',
  rotate: '지금 교체',
  rotate_in: '교체 ({{seconds}}초 뒤)',
  rotate_why: '모든 서비스가 다음 키를 받아 갈 시간이 지나야 합니다.',
  rotated: '이제 다음 키로 서명합니다. 이전 키의 토큰도 아직 통과합니다.',
  kill: '키가 유출되었다고 하고, 내 토큰에 서명한 키 폐기',
  killed: '키가 폐기되었고, 그 키로 서명한 토큰도 모두 폐기되었습니다. {{summary}}',
  recovers: '페이지는 새 키로 서명한 토큰을 받아 계속합니다.',
};

export const failures = {
  tab: '장애',
  about:
    '모든 것이 의존하는 듯한 부분을 멈춰 보세요. 서비스는 계속 스스로 토큰을 검증합니다. auth-service가 필요한 일은 안전하게 거부되고, 다시 시작하면 저절로 회복됩니다.',
  parts: { 'auth-service': 'auth-service', redis: 'Redis' },
  stop: '{{part}} 멈추기',
  start: '{{part}} 다시 시작',
  running: '실행 중',
  stopped: '멈춤',
  asked: '서비스의 답',
  action: '시도',
  now: '지금',
  meaning: '의미',
  attempts: {
    read_cart: '장바구니 읽기',
    read_wishlist: '위시리스트 읽기',
    read_payments: '결제 내역 읽기',
    write_cart: '장바구니 바꾸기',
    pay: '결제하기',
    refresh: '토큰 갱신',
  },
  meanings: {
    carries_on: '계속됨',
    closed: '안전하게 거부',
    denied: '권한 없음',
    asking: '묻는 중 …',
  },
  pay_note:
    '카드와 금액이 없는 결제입니다. 토큰이 통과해도 그 때문에 거부되며(400), 장바구니는 그대로입니다.',
  unavailable:
    '여기서는 데모가 시스템의 일부를 멈출 수 없습니다. 아래 명령 가운데 하나를 실행하고, 잠시 뒤 다시 시작하세요:',
  changed: '{{part}}: {{state}}.',
  signed_out_note: '시도해 볼 토큰이 필요하니 먼저 로그인하세요. 상점에서 mina를 고르세요.',
};
