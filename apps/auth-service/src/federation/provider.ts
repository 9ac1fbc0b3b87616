import type { Language } from '../pages/language.ts';

/** What a provider says about who has signed in there. */
export type UpstreamPerson = {
  /** Who vouches for them: with the subject, the only thing by which we know them again. */
  readonly issuer: string;
  readonly subject: string;
  /** How they want to be called; null when the provider does not say. */
  readonly name: string | null;
  /** When they authenticated there, in seconds since the epoch; undefined when the provider does not say. */
  readonly authTime: number | undefined;
  /** The session there, for back-channel logout. */
  readonly sid: string | undefined;
};

/**
 * Whether a provider's `iss`, `sub` or `sid` can be kept and compared: at most 255 characters (OpenID Connect Core §2),
 * and none that a database refuses or changes.
 */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(value);
}

/** Of a provider's id, which is part of addresses. */
export const providerIdPattern = '^[a-z][a-z0-9-]{0,30}$';

/** Where people who are not ours can sign in. Everything about it is data. */
export type Provider = {
  /** Part of the redirect URI, so it must not change. */
  readonly id: string;
  /** Its own name for itself. */
  readonly name: string;
  /** What its button says. */
  readonly labels: Readonly<Record<Language, string>>;
  /** Colours the button. */
  readonly look: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: ProviderSecret;
  /** How we present the secret; undefined: as its discovery document says. */
  readonly authMethod: ProviderAuthMethod | undefined;
  readonly scope: string;
  /** Whether it does `max_age` and says `auth_time`. Otherwise it cannot prove that somebody is there just now. */
  readonly canReauthenticate: boolean;
  readonly responseMode: 'query' | 'form_post';
  /** Undefined for an OpenID provider, which is found by discovery. */
  readonly oauth: OAuthProvider | undefined;
  /** Other base URLs for some of its origins, where this process does not reach it by its own name. */
  readonly reachedAt: Readonly<Record<string, string>>;
};

export const providerAuthMethods = ['client_secret_basic', 'client_secret_post'] as const;

/** RFC 6749 §2.3.1. */
export type ProviderAuthMethod = (typeof providerAuthMethods)[number];

/** A secret that it gave us, or the key with which Apple has us sign one. */
export type ProviderSecret =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'apple'; readonly teamId: string; readonly keyId: string; readonly privateKey: string };

/** A provider that speaks OAuth only: who has signed in has to be asked for at an API of its own. */
export type OAuthProvider = {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly profileEndpoint: string;
  /** Facebook wants each call to prove that it knows the secret (appsecret_proof). */
  readonly isProven: boolean;
  /** Naver wants `state` with the code again, at its token endpoint. */
  readonly repeatsState?: boolean;
  /** Reads the answer of the API; undefined when it is not as documented. */
  readonly read: (answer: unknown) => { readonly subject: string; readonly name: unknown } | undefined;
};
