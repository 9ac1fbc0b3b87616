import { isUnicode } from '@latchkey/service-kit/text';
import { type Acr, acrPassword, acrProvider } from '../../tokens/claims.ts';
import { isPersonalClaim, type PersonalClaim } from '../../tokens/personal-claims.ts';

/** What the parameter `claims` asks for (OpenID Connect Core §5.5). */
export type ClaimsRequest = {
  /** Whether it asks for something about the person, in the ID token or at the UserInfo endpoint. */
  readonly isPersonal: boolean;
  /** What about the person the ID token should say. */
  readonly inIdToken: readonly PersonalClaim[];
  /** The only subject that the client accepts. */
  readonly subject: string | undefined;
  /** The only acceptable values of `acr`, if it is essential (§5.5.1.1); empty when nobody can have one here. */
  readonly acrs: readonly Acr[] | undefined;
};

export const noClaims: ClaimsRequest = {
  isPersonal: false,
  inIdToken: [],
  subject: undefined,
  acrs: undefined,
};

/** Whether somebody who authenticated in this way meets a request. */
export function acceptsAcr({ acrs }: Pick<ClaimsRequest, 'acrs'>, acr: Acr): boolean {
  return acrs === undefined || acrs.includes(acr);
}

type Wish = { readonly essential?: unknown; readonly value?: unknown; readonly values?: unknown };

/**
 * Reads the parameter `claims`. Claims that we do not know are ignored, and an `acr` that is only preferred is too.
 * Returns undefined when it is no such JSON, or has text that is not Unicode.
 *
 * @example
 * parseClaimsRequest('{"id_token":{"preferred_username":null}}')?.inIdToken; // ['preferred_username']
 */
export function parseClaimsRequest(text: string): ClaimsRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(parsed) || !isUnicode(parsed)) return undefined;
  const { id_token: idToken = {}, userinfo = {} } = parsed;
  if (!isWishes(idToken) || !isWishes(userinfo)) return undefined;
  const subjects = [idToken, userinfo].flatMap(({ sub }) => (sub?.value === undefined ? [] : [sub.value]));
  if (subjects.some((subject) => typeof subject !== 'string') || new Set(subjects).size > 1) return undefined;
  return {
    isPersonal: Object.keys({ ...idToken, ...userinfo }).some(isPersonalClaim),
    inIdToken: Object.keys(idToken).filter(isPersonalClaim),
    subject: subjects[0] as string | undefined,
    acrs: acrsIn(idToken['acr']),
  };
}

function acrsIn(acr: Wish | null | undefined): readonly Acr[] | undefined {
  if (acr?.essential !== true) return undefined;
  const accepted = acr.value !== undefined ? [acr.value] : acr.values;
  return Array.isArray(accepted)
    ? [acrPassword, acrProvider].filter((known): known is Acr => accepted.includes(known))
    : undefined;
}

function isWishes(value: unknown): value is Readonly<Record<string, Wish | null>> {
  return isObject(value) && Object.values(value).every((wish) => wish === null || isObject(wish));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
