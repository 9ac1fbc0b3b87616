/** A stay elsewhere for which the person leaves this page: at auth-service's page, or at a provider. */
export type Visit = {
  readonly kind: 'sign_in' | 'link';
  /** The provider's id; null: auth-service’s own page. */
  readonly provider: string | null;
  /** Where the browser goes first, without secrets. */
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
};

export type EndedVisit = Visit & {
  /** The address at which the person came back, without secrets. */
  readonly back: string;
  /** What came of linking an account; null for a sign-in. */
  readonly outcome: string | null;
};

type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const key = 'latchkey.visit';
const secret = /([?&])(code|state|nonce|code_challenge)=[^&#]*/g;

/** An address to show, with a name in the place of each secret. */
export function withoutSecrets(url: string): string {
  return url.replaceAll(secret, (_, mark, name: string) => `${mark}${name}=$${name.toUpperCase()}`);
}

/** Remembers in this tab that the person leaves. Call it last before. */
export function beginVisit(visit: Omit<Visit, 'startMs'>, storage: () => TabStorage = tabStorage): void {
  const begun: Visit = { ...visit, url: withoutSecrets(visit.url), startMs: Date.now() };
  try {
    storage().setItem(key, JSON.stringify(begun));
  } catch {
    // The browser may forbid storage. Then nothing is shown of the visit.
  }
}

/**
 * The visit that led to this address; null when this tab began none, or the address has no answer. A visit ends once:
 * without its end in this tab's storage, an address with an answer may be anybody's.
 */
export function endVisit(address: string, storage: () => TabStorage = tabStorage): EndedVisit | null {
  const { pathname, search, searchParams } = new URL(address);
  const visit = taken(storage);
  const outcome = searchParams.get('identity');
  const hasAnswer =
    visit?.kind === 'link' ? outcome !== null : searchParams.has('code') || searchParams.has('error');
  if (visit === null || !hasAnswer) return null;
  return { ...visit, back: withoutSecrets(pathname + search), outcome };
}

/** The address without the outcome of linking an account. */
export function withoutOutcome(address: string): string {
  const url = new URL(address);
  if (!url.searchParams.has('identity')) return address;
  for (const name of ['identity', 'provider']) url.searchParams.delete(name);
  return url.href;
}

function taken(storage: () => TabStorage): Visit | null {
  try {
    const text = storage().getItem(key);
    storage().removeItem(key);
    return JSON.parse(text ?? 'null') as Visit | null;
  } catch {
    return null;
  }
}

function tabStorage(): Storage {
  return sessionStorage;
}
