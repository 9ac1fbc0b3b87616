// RFC 6749 §3.3: scope = scope-token *( SP scope-token ), scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const scopeList = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** True for one scope as RFC 6749 §3.3 spells it: printable ASCII without space, quote or backslash. */
export function isScope(value: string): boolean {
  return scopeToken.test(value);
}

/** True for a `scope` claim or parameter: scopes separated by single spaces (RFC 6749 §3.3). */
export function isScopeList(value: string): boolean {
  return scopeList.test(value);
}

/** A read-only set: it is shared by all requests whose tokens carry this list. */
class ScopeSet extends Set<string> {
  constructor(list: string) {
    super();
    for (const scope of list.split(' ')) if (scope !== '') super.add(scope);
  }

  override add(): never {
    throw new TypeError('The scopes of an access token cannot be changed');
  }

  override delete(): never {
    throw new TypeError('The scopes of an access token cannot be changed');
  }

  override clear(): never {
    throw new TypeError('The scopes of an access token cannot be changed');
  }
}

const maxRemembered = 1000;
const remembered = new Map<string, ScopeSet>();

/**
 * The scopes of a checked `scope` claim. Tokens of one role carry the same list and share one set, which saves memory
 * and stays in the CPU's cache.
 */
export function scopesOf(list: string): ReadonlySet<string> {
  const known = remembered.get(list);
  if (known) return known;
  if (remembered.size >= maxRemembered) remembered.clear();
  const scopes = new ScopeSet(list);
  remembered.set(list, scopes);
  return scopes;
}
