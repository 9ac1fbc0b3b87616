import type { OAuthProvider, Provider } from './provider.ts';

/** What we know of a provider from its public documentation. */
export type Preset = Pick<
  Provider,
  'name' | 'labels' | 'issuer' | 'scope' | 'canReauthenticate' | 'responseMode' | 'authMethod'
> & {
  readonly oauth?: (options: { readonly graphVersion: string }) => OAuthProvider;
};

export const presetNames = ['google', 'apple', 'microsoft', 'github', 'facebook', 'kakao', 'naver'] as const;

export type PresetName = (typeof presetNames)[number];

/** Meta keeps each version of its Graph API for about two years. */
export const defaultGraphVersion = 'v24.0';

const common = { canReauthenticate: false, responseMode: 'query' } as const;
const openid = { ...common, scope: 'openid profile', authMethod: undefined } as const;
const oauth = { ...common, authMethod: 'client_secret_post' } as const;

/**
 * What is odd about each provider. The words of the buttons follow their guidelines; their logos are theirs, so we draw
 * none. We ask for no e-mail address anywhere, because no rule here looks at one.
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  // Says no auth_time, and does not know max_age.
  google: {
    ...openid,
    name: 'Google',
    issuer: 'https://accounts.google.com',
    labels: { en: 'Sign in with Google', ko: 'Google 계정으로 로그인' },
  },
  // Asked for a name, it answers by form_post. The name is in the form, and only the first time.
  apple: {
    ...openid,
    name: 'Apple',
    scope: 'openid name',
    responseMode: 'form_post',
    authMethod: 'client_secret_post',
    issuer: 'https://appleid.apple.com',
    labels: { en: 'Sign in with Apple', ko: 'Apple로 로그인' },
  },
  // Its tokens name the tenant as their issuer. A setting limits it to one.
  microsoft: {
    ...openid,
    name: 'Microsoft',
    issuer: 'https://login.microsoftonline.com/common/v2.0',
    labels: { en: 'Sign in with Microsoft', ko: 'Microsoft 계정으로 로그인' },
  },
  // A user name can be given to somebody else, so the subject is the number.
  github: {
    ...oauth,
    name: 'GitHub',
    scope: '',
    issuer: 'https://github.com/login/oauth',
    labels: { en: 'Continue with GitHub', ko: 'GitHub으로 계속하기' },
    oauth: () => ({
      authorizationEndpoint: 'https://github.com/login/oauth/authorize',
      tokenEndpoint: 'https://github.com/login/oauth/access_token',
      profileEndpoint: 'https://api.github.com/user',
      isProven: false,
      read: (answer) => personOf(member(answer, 'id'), member(answer, 'name') ?? member(answer, 'login')),
    }),
  },
  // Its discovery document is for tokens that apps get directly, and not for the code flow.
  facebook: {
    ...oauth,
    name: 'Facebook',
    scope: 'public_profile',
    issuer: 'https://www.facebook.com',
    labels: { en: 'Continue with Facebook', ko: 'Facebook으로 계속하기' },
    oauth: ({ graphVersion }) => ({
      authorizationEndpoint: `https://www.facebook.com/${graphVersion}/dialog/oauth`,
      tokenEndpoint: `https://graph.facebook.com/${graphVersion}/oauth/access_token`,
      profileEndpoint: `https://graph.facebook.com/${graphVersion}/me?fields=id,name`,
      isProven: true,
      read: (answer) => personOf(member(answer, 'id'), member(answer, 'name')),
    }),
  },
  // The nickname is in the profile of the account.
  kakao: {
    ...oauth,
    name: 'Kakao',
    scope: 'profile_nickname',
    issuer: 'https://kauth.kakao.com',
    labels: { en: 'Login with Kakao', ko: '카카오 로그인' },
    oauth: () => ({
      authorizationEndpoint: 'https://kauth.kakao.com/oauth/authorize',
      tokenEndpoint: 'https://kauth.kakao.com/oauth/token',
      profileEndpoint: 'https://kapi.kakao.com/v2/user/me',
      isProven: false,
      read: (answer) =>
        personOf(
          member(answer, 'id'),
          member(member(member(answer, 'kakao_account'), 'profile'), 'nickname'),
        ),
    }),
  },
  // The profile is in `response`, and status 200 says nothing without the result code 00.
  naver: {
    ...oauth,
    name: 'NAVER',
    scope: '',
    issuer: 'https://nid.naver.com',
    labels: { en: 'Sign in with NAVER', ko: '네이버 로그인' },
    oauth: () => ({
      authorizationEndpoint: 'https://nid.naver.com/oauth2.0/authorize',
      tokenEndpoint: 'https://nid.naver.com/oauth2.0/token',
      profileEndpoint: 'https://openapi.naver.com/v1/nid/me',
      isProven: false,
      repeatsState: true,
      read: (answer) => {
        const person = member(answer, 'response');
        if (member(answer, 'resultcode') !== '00') return undefined;
        return personOf(member(person, 'id'), member(person, 'nickname') ?? member(person, 'name'));
      },
    }),
  },
};

function personOf(id: unknown, name: unknown): { subject: string; name: unknown } | undefined {
  // A number beyond this has lost its last digits, and could be somebody else's.
  const isNumber = typeof id === 'number' && Number.isSafeInteger(id) && id > 0;
  if (!isNumber && (typeof id !== 'string' || id === '')) return undefined;
  return { subject: String(id), name };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
