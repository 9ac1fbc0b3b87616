import { shopMessages } from '../i18n/en/shop.ts';

const texts = shopMessages.consents.scopes;
type TextKey = keyof typeof texts;

export type DescribedScope = {
  readonly scope: string;
  /** Of the text that says what the scope allows; null when there is none. */
  readonly key: TextKey | null;
};

/**
 * Scopes with the keys of their texts, in the order of the texts. Those without a text come last. auth-service lists
 * them in no order.
 *
 * @example describedScopes(['cart:read']) // [{ scope: 'cart:read', key: 'cart_read' }]
 */
export function describedScopes(scopes: readonly string[]): readonly DescribedScope[] {
  return scopes
    .map((scope) => ({ scope, key: textKey(scope) }))
    .sort((one, other) => rank(one) - rank(other) || (one.scope < other.scope ? -1 : 1));
}

function textKey(scope: string): TextKey | null {
  // In a key, i18next takes a colon for the end of a namespace.
  const key = scope.replace(':', '_');
  return isTextKey(key) ? key : null;
}

function rank({ key }: DescribedScope): number {
  const keys = Object.keys(texts);
  return key === null ? keys.length : keys.indexOf(key);
}

function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(texts, key);
}
